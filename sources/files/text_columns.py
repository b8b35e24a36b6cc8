"""Arrow columns of any type as text, written alike whichever format they came from."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_EXACT_WHOLE = 2.0**53  # above it a double is no longer a count


def as_text(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Return a column as strings: 17850.0 as 17850, moments as YYYY-MM-DD HH:MM:SS[.ffffff], NaN as null.

    Raises ValueError for a nested type, which no one text can hold.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if not is_plain(kind):
        raise ValueError(str(kind))
    if pa.types.is_string(kind):
        return column
    if pa.types.is_floating(kind):
        return _from_doubles(column.cast(pa.float64()))
    if pa.types.is_decimal(kind):
        return pc.replace_substring_regex(column.cast(pa.string()), pattern=r"\.0+$", replacement="")
    if pa.types.is_timestamp(kind):
        return _from_moments(column)
    return column.cast(pa.string())


def is_plain(kind: pa.DataType) -> bool:
    """Say whether one text can hold a value of a type."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return not (pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def text_of(value: Any) -> str | None:
    """Return one spreadsheet cell as `as_text` would write it; an empty cell is None."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < _EXACT_WHOLE else repr(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    return str(value)


def _from_doubles(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    is_number = pc.is_finite(column)
    column = pc.if_else(is_number, column, pa.scalar(None, pa.float64()))
    is_whole = pc.and_(pc.equal(pc.floor(column), column), pc.less(pc.abs(column), _EXACT_WHOLE))
    whole = pc.if_else(is_whole, column, pa.scalar(0.0)).cast(pa.int64())
    return pc.if_else(is_whole, whole.cast(pa.string()), column.cast(pa.string()))


def _from_moments(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    zone = column.type.tz
    if zone is not None:  # an instant: its UTC reading, with the offset said
        column = column.cast(pa.timestamp(column.type.unit, "UTC")).cast(pa.timestamp(column.type.unit))
    text = column.cast(pa.timestamp("us"), safe=False).cast(pa.string())
    text = pc.replace_substring_regex(text, pattern=r"\.0+$", replacement="")
    return pc.binary_join_element_wise(text, "+00", "") if zone is not None else text
