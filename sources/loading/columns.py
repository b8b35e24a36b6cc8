"""The columns that a source has shown so far: a new one is told once, in whichever kind of source it turns up."""

from __future__ import annotations

import psycopg

from sources.loading.landed import Landed
from warehouse.night import Claim


def note_columns(connection: psycopg.Connection, landed: Landed, *, claim: Claim, source: str) -> None:
    """Write which columns were seen for the first time, in the transaction that loads the rows beside them.

    What an earlier extract of the same day had noted is noted again, so that a repeat tells what the first one told.
    """
    dataset, as_of = landed.dataset, claim.night.as_of
    if not landed.headers:
        return  # no file was read
    connection.execute(
        "delete from ops.source_columns where source = %s and dataset = %s and as_of = %s",
        (source, dataset.name, as_of),
    )
    row = connection.execute(
        "select exists (select from ops.source_columns where source = %s and dataset = %s)", (source, dataset.name)
    ).fetchone()
    is_expected = (row is None or not row[0]) and dataset.options.columns is None
    # of a live system a mapped column may be a path: `Owner.id` is of the field Owner
    mapped = {each for column in dataset.columns for each in (column, column.partition(".")[0])}
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into ops.source_columns (source, dataset, name, as_of, gen, is_news)"
            " values (%s, %s, %s, %s, %s, %s) on conflict (source, dataset, name) do nothing",
            [
                (source, dataset.name, name, as_of, claim.night.gen, not is_expected and name not in mapped)
                for name in sorted(landed.headers)
            ],
        )


def told_columns(connection: psycopg.Connection, *, claim: Claim, source: str) -> list[str]:
    """Return a line for each dataset that has shown new columns for the night's day."""
    rows = connection.execute(
        "select dataset, string_agg(name, ', ' order by name) from ops.source_columns"
        " where source = %s and as_of = %s and is_news group by dataset order by dataset",
        (source, claim.night.as_of),
    )
    return [f"{source}, {dataset}: new columns that nothing is mapped to: {names}" for dataset, names in rows]
