"""What is asked of a module: which fields of which records; and how the state of a walk is tied to it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

from sources.api.connector import SourceField, State, StateExpiredError
from sources.zoho_crm.values import ONLY_IN_RECORDS
from warehouse.errors import Problem

_SELECTED = 50  # columns that one query gives at most
MODIFIED = "Modified_Time"


class UnknownFieldError(Problem):
    """A column of the mapping that the module does not have."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Records of a module changed since a moment (or all), with these fields; `kinds` has each one's data type."""

    module: str
    kinds: Mapping[str, str]
    since: datetime | None = None
    is_convertible: bool = False
    wants_names: bool = False

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields to ask for, without the id, which always comes."""
        return tuple(dict.fromkeys((*(name for name in self.kinds if name != "id"), MODIFIED)))

    @property
    def moment(self) -> str | None:
        """`since` as Zoho writes it; cut to the second, as its own moments are, so that nothing is left out."""
        return self.since.astimezone(UTC).isoformat(timespec="seconds") if self.since is not None else None

    @property
    def suits_queries(self) -> bool:
        """Say whether a query or an export file gives the same as the records API.

        They leave out converted leads, and give of a lookup the id only.
        """
        return (
            not self.is_convertible
            and not self.wants_names
            and len(self.fields) < _SELECTED
            and not any(kind in ONLY_IN_RECORDS for kind in self.kinds.values())
        )

    @property
    def digest(self) -> str:
        """What a state is tied to: another question cannot go on from it."""
        parts = [self.module, *self.fields, self.moment or ""]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def asking_of(module: str, fields: Mapping[str, SourceField], columns: tuple[str, ...], **more: Any) -> Asking:
    """Return what to ask for so that these columns (paths into a record) can be read."""
    heads = dict.fromkeys(column.split(".")[0] for column in columns)
    unknown = [name for name in heads if name not in fields]
    if unknown:  # the records API gives nothing for them, and says nothing
        close = get_close_matches(unknown[0], list(fields), n=1)
        raise UnknownFieldError(
            f"{module} of Zoho CRM",
            seen=f"no field {', '.join(unknown)}" + (f" (did you mean {close[0]}?)" if close else ""),
            expected="fields by their API names, which the user of the refresh token may see",
            next_step="correct the columns in company.yml, or give the user's profile the field in Zoho",
        )
    kinds = {name: fields[name].source_type for name in heads if name != "id"}
    bare = {column for column in columns if "." not in column and column in fields and fields[column].is_lookup}
    named = {column for column in columns if "." in column and not column.endswith(".id")}
    return Asking(module, kinds, wants_names=bool(bare | named), **more)


def begun(state: State | None, *, way: str, digest: str) -> dict[str, Any]:
    """Return what a state holds. Raises StateExpiredError when it is of another walk."""
    if state is None:
        return {}
    if state.get("way") != way or state.get("ask") != digest:
        raise StateExpiredError("the state is of another question")
    return dict(state)
