"""Whether tonight's lists look right: as many as usual, spread as usual, nearly the same people, and theirs to call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString

import psycopg
from psycopg import sql

from delivery.managers import fallback_manager
from warehouse.build_table import create_table

if TYPE_CHECKING:
    from warehouse.company import Company
    from warehouse.night import Claim

TABLE = "fct_list_checks"
_FILL = Path(__file__).parent / "list_checks.sql"
_FIGURES: dict[str, LiteralString] = {
    "{observed}": "told.observed_text",
    "{today}": "told.today_count::text",
    "{before}": "told.before_count::text",
    "{scorer}": "told.scorer",
    "{champion}": "told.champion",
}


@dataclass(frozen=True, slots=True)
class LooksWrong:
    """A check that the lists do not keep, in words; `is_holding` when they wait for a person because of it."""

    check_code: str
    text: str
    is_holding: bool

    def __str__(self) -> str:
        """Say it in one line."""
        return f"the lists look wrong{' and are held' if self.is_holding else ''}: {self.text}"


def build_list_checks(
    connection: psycopg.Connection, *, claim: Claim, schema: str, as_of: date, company: Company
) -> list[LooksWrong]:
    """Make fct_list_checks in the build schema anew, in one fenced transaction; return what looks wrong, by code.

    Needs the scores, the actions and the lists. `connection` is the scorer's, outside a transaction. Raises
    FencedError; the schema is as before then.
    """
    desk = fallback_manager(company)
    values = {"as_of": as_of, "gen": claim.night.gen, "desk_id": desk.account_manager_id if desk else None}
    with connection.transaction():
        claim.assert_held(connection)
        create_table(connection, schema, TABLE, key="check_code")
        connection.execute(_fill_statement(schema), values)
        table = sql.Identifier(schema, TABLE)
        connection.execute(sql.SQL("analyze {}").format(table))
        rows = connection.execute(
            sql.SQL("select check_code, text_en, is_holding from {} where not is_kept order by 1").format(table)
        ).fetchall()
    return [LooksWrong(*row) for row in rows]


def _fill_statement(schema: str) -> sql.Composed:
    return sql.SQL(_FILL.read_text(encoding="utf-8")).format(
        schema=sql.Identifier(schema), words_en=_words("told.text_en"), words_zh=_words("told.text_zh")
    )


def _words(column: LiteralString) -> sql.Composable:
    """Return SQL that puts the figures into a text of the policy, null where nothing looks wrong."""
    words: sql.Composable = sql.SQL(column)
    for name, figure in _FIGURES.items():
        words = sql.SQL("replace({}, {}, coalesce({}, ''))").format(words, sql.Literal(name), sql.SQL(figure))
    return sql.SQL("case when told.is_broken then {} end").format(words)
