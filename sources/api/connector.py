"""What a connector to a live system is: its objects, their fields, and their records page by page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from sources.mapping.contract import ColumnType
from sources.mapping.mapping import DatasetOptions

State = Mapping[str, Any]
"""Where a walk stands, as JSON: enough to go on after a page in another process."""


class StateExpiredError(Exception):
    """The system no longer takes the state of a walk (an expired page token, say): the walk must begin anew."""


@dataclass(frozen=True, slots=True)
class SourceField:
    """One field of an object, as the live system describes it.

    `type` is what its values are once the connector has made them plain; `options` gives the label of each code
    of a select; `is_lookup` says that a value is a reference, read by its parts: `Owner.id`, `Owner.name`.
    `may_be_kept` says whether it is kept when it is new and nothing is mapped to it: not where its values are records
    of their own, or only say another field in other words.
    """

    name: str
    type: ColumnType
    label: str = ""
    source_type: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    is_lookup: bool = False
    is_custom: bool = False
    may_be_kept: bool = True


@dataclass(frozen=True, slots=True)
class Record:
    """One record. `key` is the system's own id; `version` orders versions of it (ISO 8601 UTC, fixed width).

    `values` are plain: None for absent, text, bool, int, Decimal, ISO moments with an offset, ISO days; a lookup
    is {"id": …, "name": …}; several values are a list. A dataset's column is a path into it: `Account_Name.id`.
    """

    key: str
    version: str | None
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """Some records (or only their keys, with empty values), and the state that goes on after them.

    `asked_at` is the system's own clock when it answered, in UTC, where it tells it. `total` is how many records
    the whole walk will have, where it is told.
    """

    records: tuple[Record, ...]
    state: State
    asked_at: datetime | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a source's test: what was looked at, whether it is well, and what to do when not."""

    what: str
    is_well: bool
    told: str
    next_step: str = ""


WalkKind = Literal["records", "deleted", "keys"]


class Connector(Protocol):
    """A live system, read only. Everything may raise Problem; nothing of a credential is in any text.

    A walk begins anew when `state` is None; else it goes on after the page that gave this state, or raises
    StateExpiredError. `since` is inclusive. A walk that ends without an error has given everything. `key_column` is
    the field that holds a record's key.
    """

    key_column: str

    def objects(self) -> Mapping[str, str]:
        """Return the objects that may be read, with their labels."""
        ...

    def fields(self, dataset: DatasetOptions) -> Mapping[str, SourceField]:
        """Return the fields of a dataset's object by name. Raises MissingTableError when there is no such object."""
        ...

    def records(
        self, dataset: DatasetOptions, columns: tuple[str, ...], *, since: datetime | None, state: State | None
    ) -> Iterator[Page]:
        """Yield every record changed since a moment, or all; archived and converted ones too."""
        ...

    def deleted(self, dataset: DatasetOptions, *, since: datetime, state: State | None) -> Iterator[Page] | None:
        """Yield the keys deleted since a moment, or return None where the system has no such feed."""
        ...

    def keys(self, dataset: DatasetOptions, *, state: State | None) -> Iterator[Page]:
        """Yield every key there is now: what raw knows beyond them has vanished."""
        ...

    def count(self, dataset: DatasetOptions) -> int | None:
        """Return how many records there are, where the system tells it cheaply."""
        ...

    def test(self, datasets: Mapping[str, DatasetOptions]) -> Iterator[Finding]:
        """Yield what works and what does not: address, credentials, limits, then each dataset's permission."""
        ...

    def usage(self) -> str:
        """Return in a few words how much of the system's limits this connector has used."""
        ...

    def close(self) -> None:
        """Give back connections."""
        ...
