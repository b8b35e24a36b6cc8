"""Texts in the warehouse, and what was read of them. A text is known by its digest alone, whoever wrote it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import psycopg

from needs.reading import Mention
from warehouse.night import Night

TEXTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "tickets": (("subject", "description"), ("category",)),
    "survey_responses": (("comment",), ("theme",)),
    "interactions": (("note",),),
    "churn_reasons": (("comment",), ("reason",)),
}
"""For each entity its texts, each of one column or several. dbt makes the same digests of them (text_digest)."""

_KNOWN = "known_at < ((%(day)s::date + 1)::timestamp at time zone %(zone)s)"
_TEXTS = " union ".join(
    f"select concat_ws(chr(10), {', '.join(columns)}) as words from raw.{entity} where {_KNOWN}"  # noqa: S608 - our own
    for entity, texts in TEXTS.items()
    for columns in texts
)
_DIGESTED = f"with texts as (select md5(words) as text_digest, words from ({_TEXTS}) as each where words <> '')"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Text:
    """A text and its digest."""

    digest: str
    words: str


def unread_texts(connection: psycopg.Connection, night: Night, version: str) -> list[Text]:
    """The texts known by the night's day that no reader of this version has read."""
    return _texts(
        connection, night, "not exists (select from ops.read_texts as r where r.text_digest = texts.text_digest"
        " and r.reader_version = %(version)s)", version,
    )  # fmt: skip


def read_texts(connection: psycopg.Connection, night: Night, version: str) -> list[Text]:
    """The texts known by the night's day that a reader of this version has read."""
    return _texts(
        connection, night, "exists (select from ops.read_texts as r where r.text_digest = texts.text_digest"
        " and r.reader_version = %(version)s)", version,
    )  # fmt: skip


def _texts(connection: psycopg.Connection, night: Night, condition: str, version: str) -> list[Text]:
    rows = connection.execute(
        f"{_DIGESTED} select text_digest, words from texts where {condition} order by text_digest".encode(),  # noqa: S608
        {"day": night.as_of, "zone": night.timezone, "version": version},
    )
    return [Text(*row) for row in rows]


def known_names(connection: psycopg.Connection, night: Night) -> tuple[frozenset[str], frozenset[str]]:
    """Names of products and categories known by the night's day or looked for before; and those looked for before."""
    query = (
        "select name from raw.products cross join lateral (values (product_name), (category)) as names (name)"  # noqa: S608
        f" where name <> '' and {_KNOWN}"
    )
    known = connection.execute(
        query.encode(),
        {"day": night.as_of, "zone": night.timezone},
    )
    before = frozenset(name for (name,) in connection.execute("select name from ops.read_names"))
    return frozenset(name for (name,) in known) | before, before


def write_readings(
    connection: psycopg.Connection,
    *,
    version: str,
    mentions: dict[str, tuple[Mention, ...]],
    named: Iterable[tuple[str, str]],
    names: Iterable[str],
) -> None:
    """Write what was read of each digest of `mentions`, which names were found where, and that `names` were looked for.

    What another version read of the same texts is replaced.
    """
    digests = list(mentions)
    connection.execute("delete from ops.text_themes where text_digest = any(%s)", (digests,))
    connection.execute("delete from ops.read_texts where text_digest = any(%s)", (digests,))
    _copy(connection, "ops.read_texts (text_digest, reader_version)", ((digest, version) for digest in digests))
    _copy(
        connection,
        "ops.text_themes (text_digest, theme_code, score, phrase)",
        ((digest, each.theme, each.score, each.phrase) for digest, own in mentions.items() for each in own),
    )
    found = list(named)
    connection.execute(
        "insert into ops.text_names (text_digest, name) select * from unnest(%s::text[], %s::text[])"
        " on conflict do nothing",
        ([digest for digest, _ in found], [name for _, name in found]),
    )
    _copy(connection, "ops.read_names (name)", ((name,) for name in names))


def _copy(connection: psycopg.Connection, target: str, rows: Iterable[tuple[object, ...]]) -> None:
    with connection.cursor().copy(f"copy {target} from stdin".encode()) as copy:
        for row in rows:
            copy.write_row(row)
