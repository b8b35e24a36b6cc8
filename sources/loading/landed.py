"""What was landed of one dataset, before it is merged."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from sources.files.folder import FileToRead
from sources.mapping.mapping import DatasetMapping


@dataclass(frozen=True, slots=True)
class Landed:
    """What was landed of one dataset, and what the ledger needs to know of it.

    `keys_table` is a landing table with every key the source has, `deleted_table` one with keys it says are deleted.
    `read_up_to` is the system's own clock when it was asked first. `headers` are the names of all columns that were
    seen, mapped or not; of files, by name, with whether one text can hold the column's values.
    """

    dataset: DatasetMapping
    files: tuple[FileToRead, ...] = ()
    row_counts: Mapping[int, int] = field(default_factory=dict)
    held_back_before: int = 0
    cursor_is_time: bool | None = None
    watermark_before: str | None = None
    keys_table: str | None = None
    deleted_table: str | None = None
    read_up_to: datetime | None = None
    headers: Collection[str] = ()

    @property
    def is_complete(self) -> bool:
        """Say whether what is not here is not in the source either."""
        return self.dataset.is_full or self.keys_table is not None

    @property
    def may_lack_records(self) -> bool:
        """Say whether records of raw can turn out to be gone."""
        return self.is_complete or self.deleted_table is not None

    @property
    def plain_headers(self) -> dict[str, str]:
        """The names of a file's columns whose values can be kept, each by itself."""
        headers = self.headers if isinstance(self.headers, Mapping) else dict.fromkeys(self.headers, True)
        return {name: name for name, is_plain in headers.items() if is_plain}

    @property
    def loaded_through(self) -> dict[int, date]:
        return {each.file.number: each.loaded_through for each in self.files if each.loaded_through is not None}
