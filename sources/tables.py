"""A file with rows under a header, whatever its format, and what can be wrong with its header."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import pyarrow as pa
import pyarrow.compute as pc

from warehouse.errors import Problem

BATCH_ROWS = 50_000


class BadFileError(Problem):
    """A file that cannot be read as what its name says."""


class EmptyFileError(BadFileError):
    """A file without a single row."""


class TruncatedFileError(BadFileError):
    """A file that ends too early."""


class WrongEncodingError(BadFileError):
    """A file in another encoding than the mapping says."""


class MissingColumnError(BadFileError):
    """A file or table without a column that the mapping needs."""


class RenamedColumnError(MissingColumnError):
    """A needed column is gone, and another looks very much like it."""


@dataclass(frozen=True, slots=True)
class OpenTable:
    """A file's header, and a way to its rows.

    `read(positions)` yields record batches of text with the columns at these positions of the header, in that
    order, named c1, c2, … `untold` are names of columns whose values no one text can hold.
    """

    header: tuple[str, ...]
    read: Callable[[Sequence[int]], Iterator[pa.RecordBatch]]
    untold: frozenset[str] = frozenset()


def find_columns(header: Sequence[str], wanted: Sequence[str], *, thing: str, hint: str | None = None) -> list[int]:
    """Return where each wanted column stands in a header.

    Raises RenamedColumnError or MissingColumnError. The header itself is not told: a file without one has a
    customer's data there.
    """
    names = [name.strip() for name in header]
    for name in wanted:
        if names.count(name) > 1:
            raise BadFileError(
                thing,
                seen=f"column {name} stands in the header {names.count(name)} times",
                expected="each needed column once",
                next_step="rename or remove the repeated column in the export",
            )
    missing = [name for name in wanted if name not in names]
    if missing:
        raise _missing(missing, others=[name for name in names if name not in wanted], thing=thing, hint=hint)
    return [names.index(name) for name in wanted]


def likely_name(name: str, others: Sequence[str]) -> str | None:
    """Return which of the other names is probably the one that was called `name`."""
    plain = {re.sub(r"\W|_", "", other).casefold(): other for other in others}
    close = get_close_matches(re.sub(r"\W|_", "", name).casefold(), list(plain), n=1, cutoff=0.6)
    return plain[close[0]] if close else None


def _missing(missing: list[str], *, others: list[str], thing: str, hint: str | None) -> MissingColumnError:
    renamed = [(name, new) for name in missing if (new := likely_name(name, others)) is not None]
    if renamed:
        changes = ", ".join(f"{name} (now {new}?)" for name, new in renamed)
        return RenamedColumnError(
            thing,
            seen=f"no column {', '.join(missing)}; it looks renamed: {changes}",
            expected=f"column {', '.join(missing)}",
            next_step="if it only has a new name, write the new name in company.yml; else ask who owns the export",
        )
    return MissingColumnError(
        thing,
        seen=f"no column {', '.join(missing)} among {len(others)} others" + (f"; {hint}" if hint else ""),
        expected=f"column {', '.join(missing)}",
        next_step="ask who owns the export to put it back, or take it out of the mapping in company.yml",
    )


def refuse_nul(batch: pa.RecordBatch, columns: Sequence[str], *, thing: str, next_step: str) -> None:
    """Raise BadFileError when a text has a NUL, which PostgreSQL cannot hold; `columns` are the source's names."""
    for name, column in zip(columns, batch.columns, strict=True):
        if pc.any(pc.match_substring(column, "\0")).as_py():
            raise BadFileError(thing, seen=f"a NUL byte in column {name}", expected="text", next_step=next_step)


def empty_file(thing: str, seen: str) -> EmptyFileError:
    return EmptyFileError(
        thing,
        seen=seen,
        expected="a header and at least one row",
        next_step="export the file again; if there truly was nothing that day, remove the file",
    )
