"""Tables in and out of pandas, for the rooms that need them whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    import pandas as pd

_BLOCK = 20_000

# What pandas makes of a column depends on the nulls of its first block, unless told: by PostgreSQL's type numbers.
_DTYPES = {20: "float64", 21: "float64", 23: "float64", 700: "float64", 701: "float64", 25: "str", 1043: "str"}


def read_frame(
    connection: psycopg.Connection,
    query: LiteralString | sql.Composed | sql.SQL,
    params: Sequence[Any] | Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Return a query's rows as a frame, read in blocks so that memory holds little more than the frame.

    Numeric columns come as Decimal: cast them to double precision in the query to get floats. Whole numbers with
    nulls among them come as floats.
    """
    import pandas as pd

    with connection.cursor(name="guanxi_frame", binary=True) as cursor:
        cursor.execute(query, params)
        described = cursor.description or []
        names = pd.Index([column.name for column in described])
        blocks = []
        while rows := cursor.fetchmany(_BLOCK):
            blocks.append(pd.DataFrame.from_records(rows, columns=names))
    frame = pd.concat(blocks, ignore_index=True) if blocks else pd.DataFrame(columns=names)
    objects = [pd.api.types.is_object_dtype(dtype) for dtype in frame.dtypes]
    return frame.astype(
        {
            column.name: _DTYPES[column.type_code]
            for column, is_object in zip(described, objects, strict=True)
            if is_object and column.type_code in _DTYPES
        }
    )


def write_frame(connection: psycopg.Connection, schema: str, table: str, frame: pd.DataFrame) -> int:
    """Append a frame to an existing table by COPY, columns by name; NaN and NaT become null. Return the rows."""
    names = sql.SQL(", ").join(sql.Identifier(str(name)) for name in frame.columns)
    statement = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(schema, table), names)
    plain = frame.astype(object).where(frame.notna(), None)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in plain.itertuples(index=False, name=None):
            copy.write_row(row)
    return len(frame)
