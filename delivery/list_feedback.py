"""What account managers answered about the customers on their lists, as a table for readers: without their notes."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from warehouse.build_table import create_table

if TYPE_CHECKING:
    from warehouse.night import Claim

TABLE = "fct_list_feedback"
_FILL = Path(__file__).parent / "list_feedback.sql"


def build_list_feedback(connection: psycopg.Connection, *, claim: Claim, schema: str, as_of: date) -> int:
    """Make fct_list_feedback in the build schema anew, in one fenced transaction; return its rows.

    `connection` is the scorer's, outside a transaction. Raises FencedError; the schema is as before then.
    """
    values = {"as_of": as_of, "gen": claim.night.gen, "timezone": claim.night.timezone}
    with connection.transaction():
        claim.assert_held(connection)
        create_table(connection, schema, TABLE, key="list_feedback_key")
        statement = sql.SQL(_FILL.read_text(encoding="utf-8")).format(schema=sql.Identifier(schema))
        written = connection.execute(statement, values).rowcount
        connection.execute(sql.SQL("analyze {}").format(sql.Identifier(schema, TABLE)))
    return written
