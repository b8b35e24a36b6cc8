"""The other stages of a night, each a command that runs without Airflow."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Annotated

import typer

from warehouse.commands.feedback import is_configured, send_back_after_lists
from warehouse.commands.reach import outside_of
from warehouse.commands.sending import required_smtp_url, send_mails
from warehouse.commands.work import Attempt, CompanyPath, Fence, RunId, open_house, stage_at_work
from warehouse.database import Role
from warehouse.publication import audit as audit_marts
from warehouse.publication import publish as publish_marts
from warehouse.settings import load_settings
from warehouse.transform import transform as transform_marts


class Gate(StrEnum):
    """The three gates of a night."""

    RAW = "raw"
    MARTS = "marts"
    SCORES = "scores"


def extract(
    source: Annotated[str | None, typer.Option("--source", help="One source; else all of them.")] = None,
    run_id: RunId = None,
    attempt: Attempt = None,  # noqa: ARG001 - said by the caller for its own log
    fence: Fence = None,
    company: CompanyPath = None,
    *,
    last_try: Annotated[
        bool,
        typer.Option(help="A source that gives nothing is carried forward as it was, instead of failing."),
    ] = False,
) -> None:
    """Read the sources and merge what is new into schema raw, one transaction a source."""
    from sources.extract import extract_source

    with open_house(company) as house:
        names = [house.company.source(source).name] if source else [each.name for each in house.company.sources]
    for name in names:
        with stage_at_work("extract", part=name, run_id=run_id, fence=fence, company=company) as work:
            report = extract_source(
                work.house.company,
                name,
                claim=work.claim,
                warehouse=work.house.warehouse,
                outside=outside_of(work.house),
                is_last_try=last_try,
                progress=work.teller.progress,
            )
            for line in report.lines():
                work.teller.say(line)


def check(
    gate: Annotated[Gate, typer.Argument(help="Which gate.")],
    run_id: RunId = None,
    attempt: Attempt = None,  # noqa: ARG001
    fence: Fence = None,
    company: CompanyPath = None,
) -> None:
    """Hold the night at a gate unless its critical promises are kept (exit status 3)."""
    from expectations.gate import check as check_gate

    with stage_at_work(f"check_{gate.value}", run_id=run_id, fence=fence, company=company) as work:
        report = check_gate(
            gate.value,
            night=work.night,
            claim=work.claim,
            warehouse=work.house.warehouse,
            company=work.house.company,
            docs_folder=work.night.folder / f"checks-{gate.value}",
            progress=work.teller.progress,
        )
        for line in report.lines():
            work.teller.say(line)
        if gate is Gate.SCORES:
            with work.house.warehouse.connect(Role.CHECKER) as connection:
                rows = audit_marts(connection, work.claim)
            work.teller.say(f"audited {len(rows)} marts, {sum(rows.values()):,} rows: the generation may go live")


def match(run_id: RunId = None, attempt: Attempt = None, fence: Fence = None, company: CompanyPath = None) -> None:  # noqa: ARG001
    """Find which records of several sources are one customer, and which themes and products new texts are about."""
    from needs.read import read_new_texts

    with stage_at_work("match", run_id=run_id, fence=fence, company=company) as work:
        warehouse, progress = work.house.warehouse, work.teller.progress
        if work.house.company.own_account_ids:
            from identity.match import match_accounts

            told = match_accounts(warehouse, work.claim, work.house.company, progress=progress).lines()
        else:
            told = ["the sources share their account ids: nothing to match"]
        for line in [*told, *read_new_texts(warehouse, work.claim, progress=progress).lines()]:
            work.teller.say(line)


def transform(run_id: RunId = None, attempt: Attempt = None, fence: Fence = None, company: CompanyPath = None) -> None:  # noqa: ARG001
    """Build and test the marts for the night's day, in a schema that readers do not see."""
    with stage_at_work("transform", run_id=run_id, fence=fence, company=company) as work:
        report = transform_marts(
            work.house.warehouse,
            work.claim,
            work.house.company,
            threads=work.house.settings.threads,
            progress=work.teller.progress,
            measures_all=work.house.settings.measure_all,
        )
        work.teller.say(f"built {report.built_count} relations, {report.tests_passed_count} tests hold")
        work.teller.say(report.carried)
        for name in report.warnings:
            work.teller.say(f"warning: {name}")


def publish(run_id: RunId = None, attempt: Attempt = None, fence: Fence = None, company: CompanyPath = None) -> None:  # noqa: ARG001
    """Make the audited night the one that readers see, in one transaction."""
    with stage_at_work("publish", run_id=run_id, fence=fence, company=company) as work:
        with work.house.warehouse.connect(Role.PUBLISHER) as connection:
            rows = publish_marts(connection, work.claim, keep=work.house.settings.keep_generations)
        work.teller.say(f"generation {work.night.gen} is live: {len(rows)} marts, {sum(rows.values()):,} rows")


def deliver(run_id: RunId = None, attempt: Attempt = None, fence: Fence = None, company: CompanyPath = None) -> None:  # noqa: ARG001
    """Mail each account manager the list of the live night, and each lead a digest; a repeat sends what was not."""
    from delivery.published_lists import PublishedLists
    from delivery.published_summaries import PublishedDigests, PublishedQuietLists
    from delivery.report import UndeliveredError, most_hopeful

    settings = load_settings()
    required_smtp_url(settings)
    with (
        stage_at_work("deliver", run_id=run_id, fence=fence, company=company, settings=settings) as work,
        work.house.warehouse.connect(Role.MAILER) as connection,
    ):
        undelivered = []
        for kind in (PublishedLists, PublishedDigests, PublishedQuietLists):
            live = kind.live(connection, gen=work.night.gen, company=work.house.company)
            mails = replace(live, takes_answers=is_configured(work.house))
            if kind is not PublishedLists and not mails.has_mails():
                continue
            try:
                send_mails(mails, work.house, work.teller)
            except UndeliveredError as problem:  # a list that did not arrive is no reason to keep the others' digests
                undelivered.append(problem)
        send_back_after_lists(work.house, connection, work.teller)
        if undelivered:
            raise most_hopeful(undelivered)
