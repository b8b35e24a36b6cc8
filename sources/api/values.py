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
        return value.replace("\0", "")
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, int | float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str).replace("\\u0000", "")
