"""The columns that a source has shown so far: a new one is told once, and kept, in whichever kind of source it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import psycopg

from sources.loading.landed import Landed
from sources.mapping.mapping import DatasetMapping
from warehouse.night import Claim


@dataclass(frozen=True, slots=True)
class SeenBefore:
    """The columns a dataset had shown before a night. `news` are those that came after the first load, unmapped."""

    dataset: DatasetMapping
    names: frozenset[str]
    news: frozenset[str]

    def to_keep(self, shown: Mapping[str, str]) -> tuple[str, ...]:
        """Return which of the shown columns are kept besides those the mapping names; none in a first load.

        `shown` gives for the name of each the column to read for it: of a reference that is its id.
        """
        if not self.names or not self.dataset.keeps_new_columns:
            return ()
        mapped = _mapped(self.dataset)
        return tuple(
            column
            for name, column in sorted(shown.items())
            if name and name not in mapped and (name in self.news or name not in self.names)
        )


def seen_before(connection: psycopg.Connection, dataset: DatasetMapping, *, source: str, as_of: date) -> SeenBefore:
    """Return which columns a dataset had shown before a night."""
    rows = connection.execute(
        "select name, is_news and as_of > min(as_of) over () from ops.source_columns"
        " where source = %s and dataset = %s and as_of < %s",
        (source, dataset.name, as_of),
    ).fetchall()
    return SeenBefore(dataset, frozenset(name for name, _ in rows), frozenset(name for name, is_new in rows if is_new))


def note_columns(connection: psycopg.Connection, landed: Landed, *, claim: Claim, source: str) -> None:
    """Write which columns were seen for the first time, in the transaction that loads the rows beside them.

    What an earlier extract of the same day had noted is noted again, so that a repeat tells what the first one told.
    """
    dataset, as_of = landed.dataset.mapped or landed.dataset, claim.night.as_of
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
    mapped = _mapped(dataset)
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into ops.source_columns (source, dataset, name, as_of, gen, is_news)"
            " values (%s, %s, %s, %s, %s, %s) on conflict (source, dataset, name) do nothing",
            [
                (source, dataset.name, name, as_of, claim.night.gen, not is_expected and name not in mapped)
                for name in sorted(landed.headers)
            ],
        )


def told_columns(
    connection: psycopg.Connection, datasets: Sequence[DatasetMapping], *, claim: Claim, source: str
) -> list[str]:
    """Return a line for each dataset that has shown new columns for the night's day, and what became of them."""
    lines = []
    for dataset in datasets:
        rows = connection.execute(
            "select name from ops.source_columns where source = %s and dataset = %s and as_of = %s and is_news"
            " order by name",
            (source, dataset.name, claim.night.as_of),
        )
        names = [name for (name,) in rows]
        read = {each for column in dataset.kept for each in (column, column.partition(".")[0])}
        kept = [name for name in names if name in read]
        left = [name for name in names if name not in kept]
        fates = [f"{', '.join(found)} ({fate})" for found, fate in ((kept, "kept"), (left, "not kept")) if found]
        if fates:
            lines.append(f"{source}, {dataset.name}: new columns that nothing is mapped to: {', '.join(fates)}")
    return lines


def _mapped(dataset: DatasetMapping) -> frozenset[str]:
    # of a live system a mapped column may be a path: `Owner.id` is of the field Owner
    return frozenset(each for column in dataset.columns for each in (column, column.partition(".")[0]))
