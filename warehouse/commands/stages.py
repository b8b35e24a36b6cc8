"""The stages of a night, each a command that runs without Airflow."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from warehouse import ledger
from warehouse.commands.prepare import prepare
from warehouse.commands.work import Attempt, CompanyPath, Fence, RunId, Teller, open_house, stage_at_work
from warehouse.company import Company
from warehouse.database import Role, Warehouse
from warehouse.errors import Problem
from warehouse.house import House
from warehouse.night import Claim
from warehouse.publication import audit as audit_marts
from warehouse.publication import publish as publish_marts
from warehouse.settings import load_settings
from warehouse.transform import transform as transform_marts

AsOf = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="The business day, YYYY-MM-DD.")]


class FutureDayError(Problem):
    """A night for a day that has not ended."""


class Gate(StrEnum):
    """The three gates of a night."""

    RAW = "raw"
    MARTS = "marts"
    SCORES = "scores"


def open_night(
    run_id: Annotated[str, typer.Option("--run-id", help="A name for the night; a repeat is a further attempt.")],
    as_of: AsOf = None,
    company: CompanyPath = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Answer with one line of JSON.")] = False,
) -> None:
    """Open a night: decide its day, prepare the warehouse, fence off what was left unfinished."""
    with open_house(company) as house:
        prepare(house.warehouse, house.company)
        day = resolve_day(house.warehouse, house.company, None if as_of is None else as_of.date())
        night = ledger.open_night(
            house.warehouse,
            run_id=run_id,
            as_of=day,
            timezone=house.company.timezone,
            company_id=house.company.id,
            runs_folder=house.runs,
        )
        if house.company.simulator is not None:
            write_simulated_days(house, day, say=not as_json)
        answer = {
            "run_id": night.run_id,
            "gen": night.gen,
            "attempt": night.attempt,
            "fence": night.fence,
            "as_of": night.as_of.isoformat(),
            "company": house.company.id,
            "sources": [source.name for source in house.company.sources],
        }
        if as_json:
            typer.echo(json.dumps(answer, ensure_ascii=False))
        else:
            Teller().say(f"opened {night.run_id}: generation {night.gen}, attempt {night.attempt}, as of {night.as_of}")


def resolve_day(warehouse: Warehouse, company: Company, given: date | None) -> date:
    """Return the day given, else the day after the live one, else the company's first, else yesterday.

    Raises FutureDayError for a day that has not ended in the company's time zone.
    """
    today = datetime.now(tz=ZoneInfo(company.timezone)).date()
    with warehouse.connect(Role.PUBLISHER) as connection:
        live = ledger.live_generation(connection)
    if given is not None:
        day = given
    elif live is not None:
        day = live.as_of + timedelta(days=1)
    else:
        day = company.first_as_of or today - timedelta(days=1)
    if day >= today:
        raise FutureDayError(
            f"a night for {day}",
            seen=f"it is {today} in {company.timezone}: that day has not ended",
            expected=f"{today - timedelta(days=1)} or earlier",
            next_step="name an earlier day with --as-of, or wait until the day is over",
        )
    return day


def write_simulated_days(house: House, day: date, *, say: bool) -> None:
    """Let the simulator write the company up to a day."""
    from simulator import simulate as run_simulator

    options = house.company.simulator
    if options is None:
        raise Problem(
            f"company {house.company.id}",
            seen="its company.yml has no simulator section",
            expected="a simulated company",
            next_step="guanxi simulate --company examples/simulated",
        )
    teller = Teller()
    report = run_simulator(
        erp_url=house.make_simulated_erp(),
        crm_folder=house.crm_folder,
        truth_file=house.simulated / "truth.parquet",
        as_of=day,
        accounts=house.settings.accounts or options.accounts,
        seed=options.seed,
        first_day=options.first_day,
        reader_role=Role.LOADER.value,
        progress=teller.progress if say else _silent,
    )
    if say:
        teller.say(str(report))


def simulate(as_of: AsOf = None, company: CompanyPath = None) -> None:
    """Let the simulator write its company, up to a day, into the ERP database and the CRM export."""
    with open_house(company) as house:
        prepare(house.warehouse, house.company)
        day = resolve_day(house.warehouse, house.company, None if as_of is None else as_of.date())
        write_simulated_days(house, day, say=True)


def extract(
    source: Annotated[str | None, typer.Option("--source", help="One source; else all of them.")] = None,
    run_id: RunId = None,
    attempt: Attempt = None,  # noqa: ARG001 - said by the caller for its own log
    fence: Fence = None,
    company: CompanyPath = None,
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
                data=work.house.settings.data,
                erp_url=work.house.erp_url(),
                crm_folder=work.house.crm_folder if work.house.company.simulator else None,
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


def transform(run_id: RunId = None, attempt: Attempt = None, fence: Fence = None, company: CompanyPath = None) -> None:  # noqa: ARG001
    """Build and test the marts for the night's day, in a schema that readers do not see."""
    with stage_at_work("transform", run_id=run_id, fence=fence, company=company) as work:
        report = transform_marts(
            work.house.warehouse,
            work.claim,
            work.house.company,
            threads=work.house.settings.threads,
            progress=work.teller.progress,
        )
        work.teller.say(f"built {report.built_count} relations, {report.tests_passed_count} tests hold")
        for name in report.warnings:
            work.teller.say(f"warning: {name}")


def train(company: CompanyPath = None) -> None:
    """Train the churn model on the live generation and let it make the lists if it beats the best rule."""
    with open_house(company) as house:
        with house.warehouse.connect(Role.PUBLISHER) as connection:
            live = ledger.live_generation(connection)
        if live is None or live.build_schema is None:
            raise Problem(
                "training",
                seen="nothing is live yet",
                expected="a published night to learn from",
                next_step="guanxi nightly",
            )
        train_on(house, live.build_schema, live.as_of, Teller())


def train_on(house: House, schema: str, as_of: date, teller: Teller, *, claim: Claim | None = None) -> None:
    """Train on the marts of a schema and register what comes out; within a night, under its claim."""
    from ml.train import train as train_model

    with house.warehouse.connect(Role.SCORER) as connection:
        report = train_model(connection, schema=schema, as_of=as_of, models_folder=house.models, claim=claim)
    for line in report.lines():
        teller.say(line)


def score(run_id: RunId = None, attempt: Attempt = None, fence: Fence = None, company: CompanyPath = None) -> None:  # noqa: ARG001
    """Score the active accounts and make each account manager's churn list; the first night trains first."""
    from delivery.lists import build_lists
    from ml.registry import has_champion
    from ml.score import score as score_accounts

    with stage_at_work("score", run_id=run_id, fence=fence, company=company) as work:
        schema = built_schema(work.night.build_schema)
        with work.house.warehouse.connect(Role.SCORER) as connection:
            trained = has_champion(connection, as_of=work.night.as_of)
        if not trained:
            train_on(work.house, schema, work.night.as_of, work.teller, claim=work.claim)
        with work.house.warehouse.connect(Role.SCORER) as connection:
            scores = score_accounts(
                connection,
                claim=work.claim,
                schema=schema,
                as_of=work.night.as_of,
                models_folder=work.house.models,
            )
            lists = build_lists(
                connection, claim=work.claim, schema=schema, as_of=work.night.as_of, company=work.house.company
            )
        for line in (*scores.lines(), *lists.lines()):
            work.teller.say(line)


def built_schema(schema: str | None) -> str:
    """Return the night's build schema, or raise when it has none yet."""
    if schema is None:
        raise Problem(
            "the night's marts",
            seen="this night has not been transformed yet",
            expected="a finished transform",
            next_step="guanxi transform",
        )
    return schema


def publish(run_id: RunId = None, attempt: Attempt = None, fence: Fence = None, company: CompanyPath = None) -> None:  # noqa: ARG001
    """Make the audited night the one that readers see, in one transaction."""
    with stage_at_work("publish", run_id=run_id, fence=fence, company=company) as work:
        with work.house.warehouse.connect(Role.PUBLISHER) as connection:
            rows = publish_marts(connection, work.claim, keep=work.house.settings.keep_generations)
        work.teller.say(f"generation {work.night.gen} is live: {len(rows)} marts, {sum(rows.values()):,} rows")


def deliver(run_id: RunId = None, attempt: Attempt = None, fence: Fence = None, company: CompanyPath = None) -> None:  # noqa: ARG001
    """Mail each account manager the list of the live night; a repeat sends only what was not sent."""
    import time

    from delivery.deliver import deliver as deliver_lists
    from delivery.smtp import Courier, parse_smtp_url

    settings = load_settings()
    if settings.smtp_url is None:
        raise Problem(
            "delivery",
            seen="GUANXI_SMTP_URL is not set",
            expected="the mail server that takes the lists",
            next_step="set it; to keep mails as files: guanxi mailbox, and GUANXI_SMTP_URL=smtp://127.0.0.1:8025",
        )
    with stage_at_work("deliver", run_id=run_id, fence=fence, company=company, settings=settings) as work:
        post = Courier(parse_smtp_url(settings.smtp_url.get_secret_value()))
        with post, work.house.warehouse.connect(Role.MAILER) as connection:
            report = deliver_lists(
                connection,
                gen=work.night.gen,
                company=work.house.company,
                post=post,
                mail_from=settings.mail_from,
                now=datetime.now(tz=UTC),
                sleep=time.sleep,
                progress=work.teller.progress,
            )
        for line in report.lines():
            work.teller.say(line)


def _silent(_: str) -> None:
    """Say nothing: stdout belongs to the JSON answer."""
