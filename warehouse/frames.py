"""Tables in and out of pandas, for the rooms that need them whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    import pandas as pd

_BLOCK = 20_000


def read_frame(
    connection: psycopg.Connection, query: LiteralString | sql.Composed | sql.SQL, params: Sequence[Any] | None = None
) -> pd.DataFrame:
    """Return a query's rows as a frame, read in blocks so that memory holds little more than the frame.

    Numeric columns come as Decimal: cast them to double precision in the query to get floats.
    """
    import pandas as pd

    with connection.cursor(name="guanxi_frame", binary=True) as cursor:
        cursor.execute(query, params)
        names = pd.Index([column.name for column in cursor.description or ()])
        blocks = []
        while rows := cursor.fetchmany(_BLOCK):
            blocks.append(pd.DataFrame.from_records(rows, columns=names))
    if not blocks:
        return pd.DataFrame(columns=names)
    return pd.concat(blocks, ignore_index=True) if len(blocks) > 1 else blocks[0]


def write_frame(connection: psycopg.Connection, schema: str, table: str, frame: pd.DataFrame) -> int:
    """Append a frame to an existing table by COPY, columns by name; NaN and NaT become null. Return the rows."""
    names = sql.SQL(", ").join(sql.Identifier(str(name)) for name in frame.columns)
    statement = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(schema, table), names)
    plain = frame.astype(object).where(frame.notna(), None)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in plain.itertuples(index=False, name=None):
            copy.write_row(row)
    return len(frame)
