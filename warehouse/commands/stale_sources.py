"""What a person is told of sources that gave nothing: since when, why, and whether the mails wait for them."""

from __future__ import annotations

import psycopg


def stale_lines(connection: psycopg.Connection, gen: int) -> list[str]:
    """Return a line for each source that a night carries forward; for the publisher."""
    lines = []
    for source, through, days, holds_mails, problem in connection.execute(
        "select source, delivered_through, stale_days, holds_mails, coalesce(problem, '') from ops.source_nights"
        " where gen = %s and state = 'carried' and stale_days > 0 order by rank",
        (gen,),
    ):
        old = f"{source} gave nothing and is carried forward as of {through}, {days} day{'s' * (days > 1)} stale"
        lines.append(old + ("; it holds the mails" if holds_mails else "") + _why(problem))
    return lines


def _why(problem: str) -> str:
    seen = next((line for line in problem.splitlines() if line.startswith("  seen:")), "")
    return f". Seen: {seen.removeprefix('  seen:').strip()}" if seen else ""
