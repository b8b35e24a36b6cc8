"""`guanxi status`: what the page of a night tells, in the terminal, or as JSON for a program."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Annotated

import psycopg
import typer
from rich.markup import escape
from rich.table import Table

from warehouse.commands.feedback import undelivered_lines
from warehouse.commands.mails import held_lines
from warehouse.commands.prepare import prepare
from warehouse.commands.stale_sources import stale_lines
from warehouse.commands.work import CompanyPath, Teller, open_house
from warehouse.database import Role
from warehouse.house import House

if TYPE_CHECKING:
    from operations.night_facts import NightFacts

_PROMISES_TOLD = 3
_NIGHTS_TOLD = 10

Run = Annotated[str | None, typer.Option("--run-id", help="The night to tell of; the newest when not given.")]
Json = Annotated[bool, typer.Option("--json", help="Tell the facts of the night as one JSON object.")]


def status(run_id: Run = None, company: CompanyPath = None, *, as_json: Json = False) -> None:
    """Show the live night, the newest runs, and of the last one stages, gates, sources, model, mails and next steps."""
    from operations.night_facts import UnknownNightError
    from operations.reading_night import read_night

    teller = Teller()
    with open_house(company) as house:
        prepare(house.warehouse, house.company)
        with house.warehouse.connect(Role.PUBLISHER) as connection:
            try:
                night = read_night(connection, house.company, run_id)
            except UnknownNightError:
                if run_id is not None:
                    raise
                night = None
            if as_json:
                typer.echo(as_json_text(night))
                return
            _tell_live(connection, house, teller)
            runs = _runs_table(connection)
            if runs.row_count:
                teller.console.print(runs)
        if night is not None:
            tell_night(night, teller)


def as_json_text(night: NightFacts | None) -> str:
    """Return the facts of a night, and what to do next, as JSON; null before the first night."""
    from operations.next_steps import next_steps

    if night is None:
        return "null"
    facts = dataclasses.asdict(night) | {
        "seconds": round(night.seconds, 2),
        "verdict": night.verdict,
        "next_steps": [dataclasses.asdict(step) | {"runbook": step.runbook} for step in next_steps(night)],
    }
    return json.dumps(facts, ensure_ascii=False, default=str)


def tell_night(night: NightFacts, teller: Teller) -> None:
    """Print the facts of a night as tables and lines."""
    from operations.next_steps import next_steps

    note = f": {night.note}" if night.note else ""
    teller.say(f"night of {night.as_of}, {night.run_id}: {night.state}{note} ({night.seconds:.0f} s of work)")
    for table in (_stages_table(night), _gates_table(night), _sources_table(night), _refusals_table(night)):
        if table.row_count:
            teller.console.print(table)
    for line in (*_model_lines(night), *_mail_lines(night)):
        teller.say(line)
    if night.marts:
        teller.say(f"marts:  {night.marts}, {night.rows:,} rows")
    for step in next_steps(night):
        teller.say(f"next:   {step.text_en}")
        teller.say(f"        {step.runbook}")


def _tell_live(connection: psycopg.Connection, house: House, teller: Teller) -> None:
    live = connection.execute("select gen, as_of, date_trunc('second', age) from bi.data_version").fetchone()
    if live is None:
        teller.say(f"{house.company.id}: nothing is live yet. Next: guanxi nightly")
    else:
        teller.say(f"{house.company.id}: generation {live[0]} is live, as of {live[1]}, published {live[2]} ago")
    newest = connection.execute("select max(gen) from ops.runs where not is_backfill").fetchone()
    for line in stale_lines(connection, newest[0]) if newest is not None and newest[0] is not None else ():
        teller.say(f"stale: {line}")
    for line in held_lines(connection, live[0]) if live is not None else ():
        teller.say(f"held: {line}")
    for line in undelivered_lines(connection):
        teller.say(line)


def _runs_table(connection: psycopg.Connection) -> Table:
    table = Table("generation", "run", "as of", "attempt", "state", "note", title="newest runs", title_justify="left")
    for row in connection.execute(
        "select gen, run_id, as_of, attempt, state, coalesce(note, '') from ops.runs order by gen desc limit %s",
        (_NIGHTS_TOLD,),
    ):
        table.add_row(*(escape(str(cell)) for cell in row))
    return table


def _stages_table(night: NightFacts) -> Table:
    table = Table(
        "stage", "state", "seconds", "usual", "peak MB", "tries", "note", title="stages", title_justify="left"
    )
    for stage in night.stages:
        figures = (_number(stage.seconds), _number(stage.usual_seconds), _number(stage.peak_mb), str(stage.tries))
        table.add_row(stage.name, stage.state, *figures, escape(_shortened(stage.note)))
    return table


def _gates_table(night: NightFacts) -> Table:
    table = Table("gate", "verdict", "kept", "broken", "what is broken", title="gates", title_justify="left")
    for gate in night.gates:
        told = [f"{each.severity}: {each.text_en} {each.observed} ({each.expected})" for each in gate.broken]
        verdict = "closed" if gate.is_closed else "open"
        table.add_row(
            gate.stage, verdict, str(gate.kept), str(len(gate.broken)), escape("\n".join(told[:_PROMISES_TOLD]))
        )
    return table


def _sources_table(night: NightFacts) -> Table:
    table = Table("source", "state", "through", "days old", "newest event", "extracted", "refused",
                  title="sources", title_justify="left")  # fmt: skip
    for source in night.sources:
        loads = [each for each in night.loads if each.source == source.source]
        table.add_row(
            source.source,
            source.state or "",
            str(source.delivered_through or "never"),
            "" if source.stale_days is None else str(source.stale_days),
            str(source.newest_event or ""),
            f"{sum(each.extracted for each in loads):,}",
            f"{sum(each.quarantined for each in loads):,}",
        )
    return table


def _refusals_table(night: NightFacts) -> Table:
    table = Table("source", "entity", "rule", "rows", "samples: key digest, shape of what was seen",
                  title="refused rows", title_justify="left")  # fmt: skip
    for each in night.refusals:
        samples = [f"{sample.key_digest} {sample.seen_shape or ''}".strip() for sample in each.samples]
        table.add_row(each.source, each.entity, each.rule, f"{each.rows:,}", "\n".join(samples))
    return table


def _model_lines(night: NightFacts) -> list[str]:
    if night.model is None:
        return ["model:  none is trained yet"]
    model = night.model
    measured = "" if model.auc is None else f", AUC {model.auc:.3f}"
    lines = [f"model:  {model.model_id} by {model.method}, grade {model.grade or 'not graded'}{measured}"]
    if night.outcomes:
        last = night.outcomes[-1]
        lines.append(
            f"came:   of {last.month:%Y-%m}: said {_rate(last.predicted)}, happened {_rate(last.realised)},"
            f" right at capacity {_rate(last.precision)}"
        )
    return [*lines, *(f"drift:  {each.text_en}" for each in night.drift if each.is_worth_telling)]


def _mail_lines(night: NightFacts) -> list[str]:
    return [f"mails:  {each.kind} {each.state} {each.count:,}" for each in night.mails]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def _rate(share: float | None) -> str:
    return "not known" if share is None else f"{share:.0%}"


def _shortened(note: str) -> str:
    """Return a stage's problem without most of the promises that a gate found broken; its page has them all."""
    lines = note.splitlines()
    listed = [number for number, line in enumerate(lines) if line.startswith("    - ")]
    if len(listed) <= _PROMISES_TOLD:
        return note
    told, left = listed[_PROMISES_TOLD], listed[-1]
    return "\n".join([*lines[:told], f"    … and {left - told + 1} more", *lines[left + 1 :]])
