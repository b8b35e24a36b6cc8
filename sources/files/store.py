"""Where the files of a source lie: what is asked of a folder and of a bucket alike, and the folder."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from sources.errors import UndeliveredError

SUFFIXES = (".csv", ".csv.gz", ".xlsx", ".xls", ".parquet")
"""What the names of files that can be read end in."""


class MissingDataError(UndeliveredError):
    """No folder, or no file in it, where a source's data should be."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file as its store tells of it. `name` is relative to the source's `path`; `tag` is the store's own."""

    name: str
    size: int
    modified_at: datetime
    tag: str = ""


class FileStore(Protocol):
    """The place that `path` names. Everything may raise Problem; nothing of a credential is in any text."""

    def matching(self, patterns: Sequence[str]) -> list[StoredFile]:
        """Return the files that match a pattern, by name. When `path` is one file, that file whatever the patterns."""
        ...

    def everything(self) -> list[StoredFile]:
        """Return all files, however deep, by name."""
        ...

    def identity(self, file: StoredFile) -> str:
        """Return a hash that changes when the file's content does."""
        ...

    def copied(self, file: StoredFile) -> AbstractContextManager[Path]:
        """Give the file as one of this machine, with its suffix, for as long as the block runs."""
        ...


@dataclass(frozen=True, slots=True)
class LocalFolder:
    """A folder of this machine, or one file in it."""

    place: Path

    def __str__(self) -> str:
        return str(self.place)

    def matching(self, patterns: Sequence[str]) -> list[StoredFile]:
        if self.place.is_file():
            return [self._told(self.place)]
        return self._files({path for pattern in patterns for path in self.place.glob(pattern)})

    def everything(self) -> list[StoredFile]:
        return self._files({self.place} if self.place.is_file() else set(self.place.rglob("*")))

    def identity(self, file: StoredFile) -> str:
        """Return the hash of the whole content: a file that is copied anew gets another time, but is the same."""
        with (self._base / file.name).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    @contextlib.contextmanager
    def copied(self, file: StoredFile) -> Iterator[Path]:
        yield self._base / file.name

    @property
    def _base(self) -> Path:
        return self.place.parent if self.place.is_file() else self.place

    def _files(self, paths: set[Path]) -> list[StoredFile]:
        return sorted((self._told(path) for path in paths if path.is_file()), key=lambda file: file.name)

    def _told(self, path: Path) -> StoredFile:
        status = path.stat()
        name = path.relative_to(self._base).as_posix()
        return StoredFile(name, status.st_size, datetime.fromtimestamp(status.st_mtime, tz=UTC))
