"""A record's values as the text that is landed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any


def text_at(values: Mapping[str, Any], path: str) -> str | None:
    """Return the text of a value by its path: `Name`, `Owner.id` in a lookup, `tags.0` in a list; None when absent."""
    if path in values:
        return as_text(values[path])
    value: Any = values
    for part in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, Sequence) and not isinstance(value, str) and part.isdigit():
            value = value[int(part)] if int(part) < len(value) else None
        else:
            return None
    return as_text(value)


def as_text(value: Any) -> str | None:
    """Return a plain value as text: true, 2.50, JSON for what has parts. PostgreSQL has no NUL, so none is kept."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(_storable(value))
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, int | float):
        return repr(value)
    return json.dumps(_storable(value), ensure_ascii=False, sort_keys=True, default=str)


def _storable(value: Any) -> Any:
    """Return a value whose texts PostgreSQL takes: no NUL, and U+FFFD for half a character, which systems that cut
    texts by UTF-16 units leave where an emoji was."""
    if isinstance(value, Mapping):
        return {_storable(str(key)): _storable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(each) for each in value]
    if not isinstance(value, str):
        return value
    text = value.replace("\0", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
