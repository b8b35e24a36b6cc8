"""What a person wants to read after a night: what came in, what held, what is live, who is about to leave."""

from __future__ import annotations

import psycopg
from rich.table import Table

from warehouse.commands.mails import held_lines
from warehouse.commands.stale_sources import stale_lines
from warehouse.commands.work import Teller, shown
from warehouse.database import Role
from warehouse.house import House

_LIST_LINES = 5


def show_summary(house: House, run_id: str, *, seconds: float, teller: Teller) -> None:
    """Print the summary of a run, finished or not."""
    with house.warehouse.connect(Role.PUBLISHER) as connection:
        row = connection.execute(
            "select gen, as_of, state, attempt, coalesce(note, '') from ops.runs where run_id = %s", (run_id,)
        ).fetchone()
        if row is None:
            return
        gen, as_of, state, attempt, note = row
        teller.say("")
        teller.say(f"night of {as_of}: {state}{': ' + note if note else ''} (attempt {attempt}, {seconds:.0f} s)")
        teller.console.print(_extracts(connection, gen))
        for line in stale_lines(connection, gen):
            teller.say(f"stale:        {line}")
        for line in _new_columns(connection, gen):
            teller.say(line)
        for line in held_lines(connection, gen):
            teller.say(f"held:         {line}")
        for line in _gates(connection, gen):
            teller.say(line)
        _show_live(connection, house, teller)
    folder = house.runs / run_id / f"attempt-{attempt}"
    place = shown(house.mail) if house.settings.smtp_url is None else "to the mail server of GUANXI_SMTP_URL"
    teller.say(f"mails:        {place}")
    for page in sorted(folder.glob("checks-*/**/index.html")):
        teller.say(f"check report: {shown(page)}")


def _extracts(connection: psycopg.Connection, gen: int) -> Table:
    table = Table(title="what came in", title_justify="left")
    table.add_column("source")
    table.add_column("entity")
    for name in ("extracted", "new", "changed", "unchanged", "quarantined"):
        table.add_column(name, justify="right")
    for source, entity, *counts in connection.execute(
        "select source, entity, extracted_count, new_count, changed_count, unchanged_count, quarantined_count"
        " from ops.loads where gen = %s order by source, entity",
        (gen,),
    ):
        table.add_row(source, entity, *(f"{count:,}" for count in counts))
    return table


def _new_columns(connection: psycopg.Connection, gen: int) -> list[str]:
    return [
        f"new columns:  {source}, {dataset}: {names}"
        for source, dataset, names in connection.execute(
            "select source, dataset, string_agg(name, ', ' order by name) from ops.source_columns"
            " where gen = %s and is_news group by source, dataset order by source, dataset",
            (gen,),
        )
    ]


def _gates(connection: psycopg.Connection, gen: int) -> list[str]:
    lines = []
    for stage, held, broken, warned in connection.execute(
        "select stage, count(*) filter (where is_success),"
        " count(*) filter (where not is_success and severity = 'critical'),"
        " count(*) filter (where not is_success and severity = 'warning')"
        " from ops.check_results where gen = %s group by stage order by min(checked_at)",
        (gen,),
    ):
        verdict = "closed" if broken else "open"
        lines.append(f"gate {stage:<8} {verdict}: {held} promises kept, {broken} broken, {warned} warnings")
    return lines


def _show_live(connection: psycopg.Connection, house: House, teller: Teller) -> None:
    live = connection.execute("select gen, as_of from bi.data_version").fetchone()
    if live is None:
        teller.say("live:         nothing yet")
        return
    rows = connection.execute(
        "select mart, row_count from ops.audit where gen = %s order by mart", (live[0],)
    ).fetchall()
    teller.say(f"live:         generation {live[0]}, as of {live[1]}")
    teller.say("published:    " + ", ".join(f"{mart} {count:,}" for mart, count in rows))
    teller.console.print(_churn_list(house))


def _churn_list(house: House) -> Table:
    with house.warehouse.connect(Role.READER) as connection:
        table = Table(title=f"churn list, first {_LIST_LINES} by expected loss", title_justify="left")
        for name in ("manager", "account", "stage", "risk", "expected loss", "last order, days ago", "made by"):
            table.add_column(name)
        for row in connection.execute(
            "select account_manager_id, coalesce(account_name, account_id), stage_code,"
            " round(churn_probability::numeric * 100), round(expected_loss_amount), days_since_last_order, method_code"
            " from bi.fct_churn_lists where status_code is distinct from 'recovered'"
            " order by expected_loss_amount desc, account_id limit %s",
            (_LIST_LINES,),
        ):
            manager, name, stage, risk, loss, days, method = row
            table.add_row(manager, name, stage, f"{risk} %", f"{loss:,} {house.company.currency}", str(days), method)
    return table
