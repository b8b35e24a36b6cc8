"""What to do about each account at risk, by its stage, its tier, its first reason, and what its manager can do a night.

Made after the programmes have drawn whom they leave out, and before the lists, which show it.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from delivery.managers import fallback_manager
from warehouse.build_table import create_table

if TYPE_CHECKING:
    from warehouse.company import Company
    from warehouse.night import Claim

TABLE = "fct_account_next_actions"
_FILL = Path(__file__).parent / "actions.sql"


def build_actions(connection: psycopg.Connection, *, claim: Claim, schema: str, as_of: date, company: Company) -> int:
    """Make fct_account_next_actions in the build schema anew, in one fenced transaction; return its rows.

    `connection` is the scorer's, outside a transaction. Raises FencedError; the schema is as before then.
    """
    desk = fallback_manager(company)
    values = {"as_of": as_of, "desk_id": desk.account_manager_id if desk else None}
    with connection.transaction():
        claim.assert_held(connection)
        create_table(connection, schema, TABLE, key="account_id")
        statement = sql.SQL(_FILL.read_text(encoding="utf-8")).format(schema=sql.Identifier(schema))
        count = connection.execute(statement, values).rowcount
        connection.execute(sql.SQL("analyze {}").format(sql.Identifier(schema, TABLE)))
    return count
