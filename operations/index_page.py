"""The index of the last nights: a line each, with a link to the night's page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg
from psycopg.rows import dict_row

from operations.night_page import FILE, views
from warehouse.company import Company
from warehouse.ledger import run_folder

NIGHTS_TOLD = 30

_NIGHTS = """
with newest as (
    select * from ops.runs where not is_backfill order by gen desc limit %(most)s
),

stages as (
    select distinct on (s.gen, s.stage, s.part) s.gen, s.stage, s.state, s.seconds, s.started_at
    from ops.stage_runs as s
    inner join newest as n on s.gen = n.gen and s.attempt = n.attempt
    order by s.gen, s.stage, s.part, s.number desc
)

select
    n.gen, n.run_id, n.as_of, n.attempt, n.state, p.gen is not null as is_live,
    coalesce((select sum(s.seconds) from stages as s where s.gen = n.gen), 0)::double precision as seconds,
    (
        select s.stage from stages as s
        where s.gen = n.gen and s.state = 'failed' order by s.started_at desc limit 1
    ) as failed_stage,
    coalesce(c.kept, 0) as kept, coalesce(c.broken, 0) as broken, coalesce(c.warned, 0) as warned,
    coalesce(l.extracted, 0)::bigint as extracted, coalesce(l.refused, 0)::bigint as refused,
    coalesce(m.sent, 0) as sent, coalesce(m.held, 0) as held, coalesce(m.doubtful, 0) as doubtful,
    (
        select o.grade from ops.models as o
        where o.was_champion and o.as_of <= n.as_of
        order by o.as_of desc, o.trained_at desc, o.model_id limit 1
    ) as grade
from newest as n
left join ops.published as p on n.gen = p.gen
left join (
    select
        gen, count(*) filter (where is_success) as kept,
        count(*) filter (where not is_success and severity = 'critical') as broken,
        count(*) filter (where not is_success and severity = 'warning') as warned
    from ops.check_results group by gen
) as c on n.gen = c.gen
left join (
    select gen, sum(extracted_count) as extracted, sum(quarantined_count) as refused from ops.loads group by gen
) as l on n.gen = l.gen
left join (
    select
        gen, count(*) filter (where state = 'sent') as sent, count(*) filter (where state = 'held') as held,
        count(*) filter (where state in ('unknown', 'failed', 'sending')) as doubtful
    from ops.outbox group by gen
) as m on n.gen = m.gen
order by n.gen desc
"""


@dataclass(frozen=True, slots=True)
class NightLine:
    """A night in one line. `page` is the link to its own page, None when it has none."""

    gen: int
    run_id: str
    as_of: date
    attempt: int
    state: str
    is_live: bool
    seconds: float
    failed_stage: str | None
    kept: int
    broken: int
    warned: int
    extracted: int
    refused: int
    sent: int
    held: int
    doubtful: int
    grade: str | None
    page: str | None


def read_index(connection: psycopg.Connection, runs: Path, *, most: int = NIGHTS_TOLD) -> list[NightLine]:
    """Return the newest nights, the newest first."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_NIGHTS, {"most": most}).fetchall()
    return [NightLine(**row, page=_page(runs, row["run_id"])) for row in rows]


def write_index_page(nights: list[NightLine], company: Company, runs: Path) -> Path:
    """Write index.html beside the runs' folders and return it."""
    file = runs / "index.html"
    text = views().get_template("index.html.j2").render(nights=nights, company=company)
    file.write_text(text, encoding="utf-8")
    return file


def _page(runs: Path, run_id: str) -> str | None:
    folder = run_folder(runs, run_id)
    return f"{folder.name}/{FILE}" if (folder / FILE).exists() else None
