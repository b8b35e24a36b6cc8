"""Who of a programme stood on a list that was mailed: since when, how often, and what managers say they did."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from warehouse.build_table import create_table

if TYPE_CHECKING:
    from warehouse.night import Claim

TABLE = "fct_treatments"
_FILL = Path(__file__).parent / "treatments.sql"


def build_treatments(connection: psycopg.Connection, *, claim: Claim, schema: str, as_of: date) -> int:
    """Make fct_treatments in the build schema anew, in one fenced transaction; return its rows.

    Needs fct_programme_assignments. `connection` is the scorer's, outside a transaction. Raises FencedError; the schema
    is as before then.
    """
    with connection.transaction():
        claim.assert_held(connection)
        create_table(connection, schema, TABLE, key="treatment_key")
        statement = sql.SQL(_FILL.read_text(encoding="utf-8")).format(schema=sql.Identifier(schema))
        values = {"as_of": as_of, "gen": claim.night.gen, "timezone": claim.night.timezone}
        written = connection.execute(statement, values).rowcount
        connection.execute(sql.SQL("analyze {}").format(sql.Identifier(schema, TABLE)))
    return written
