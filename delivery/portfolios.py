"""What each account manager looks after, with tonight's risks in it; so it is made after the scores and the lists."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from warehouse.build_table import create_table

if TYPE_CHECKING:
    from warehouse.night import Claim

TABLE = "fct_account_manager_portfolios"
_FILL = Path(__file__).parent / "portfolios.sql"


def build_portfolios(connection: psycopg.Connection, *, claim: Claim, schema: str, as_of: date) -> int:
    """Make fct_account_manager_portfolios in the build schema anew, in one fenced transaction; return its rows.

    `connection` is the scorer's, outside a transaction. Raises FencedError; the schema is as before then.
    """
    with connection.transaction():
        claim.assert_held(connection)
        create_table(connection, schema, TABLE, key="portfolio_key")
        statement = sql.SQL(_FILL.read_text(encoding="utf-8")).format(schema=sql.Identifier(schema))
        written = connection.execute(statement, {"as_of": as_of}).rowcount
        connection.execute(sql.SQL("analyze {}").format(sql.Identifier(schema, TABLE)))
    return written
