"""A walk over a table of a live system by id: ids in their order, several pages of rows at once, proof of the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sources.errors import SourceUnreachableError

Row = Mapping[str, Any]
Conditions = list[Any]
"""Conditions that must all hold, each as the system writes it; [field, operator, value] is one everywhere."""

_PAGES_A_SWEEP = 10
_LIES = 6


class Table(Protocol):
    """One table of a system, as it answers. `thing` names it in errors."""

    @property
    def thing(self) -> str:
        """Name it in errors."""
        ...

    def ids(self, conditions: Conditions, limit: int) -> tuple[Sequence[int], datetime | None]:
        """Return the first ids in their order, and the system's own clock."""
        ...

    def count(self, conditions: Conditions) -> int:
        """Return how many rows there are."""
        ...

    def rows(self, conditions: Conditions, fields: Sequence[str]) -> Sequence[Row]:
        """Return rows, each with its id."""
        ...


@dataclass(frozen=True, slots=True)
class IdPage:
    """Rows of consecutive ids; `last` is the last id that was looked at.

    `answered_at` is the system's clock when it told the ids: what was written after that may not be among them.
    """

    rows: Sequence[Row]
    last: int
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class IdWalk:
    """How to go through one table.

    A page may lie (an empty or a repeated one, from a cache or a tired proxy). So ids count only when each comes after
    the one before and a count knows of no more in their range, and a row only when it was asked for.
    """

    table: Table
    conditions: Conditions
    page_size: int
    concurrency: int

    def ids(self, after: int) -> Iterator[tuple[Sequence[int], datetime | None]]:
        """Yield every id after one, in order, ten pages a request."""
        limit = self.page_size * _PAGES_A_SWEEP
        lie_count = 0
        while True:
            rest = [*self.conditions, ["id", ">", after]]
            found, answered_at = self.table.ids(rest, limit)
            is_last = len(found) < limit
            # rows deleted meanwhile make the count smaller, and that is no lie
            whole = rest if is_last else [*rest, ["id", "<=", found[-1]]]
            is_in_order = all(before < each for before, each in zip([after, *found], found, strict=False))
            if not is_in_order or self.table.count(whole) > len(found):
                lie_count += 1
                self._refuse_lies(lie_count, "ids")
                continue
            if found:
                yield found, answered_at
            if is_last:
                return
            after, lie_count = found[-1], 0

    def pages(self, fields: Sequence[str], after: int) -> Iterator[IdPage]:
        """Yield the rows of every id after one, page by page in the ids' order."""
        with ThreadPoolExecutor(self.concurrency, thread_name_prefix="pages") as pool:
            try:
                for ids, answered_at in self.ids(after):
                    pages = [ids[start : start + self.page_size] for start in range(0, len(ids), self.page_size)]
                    read = pool.map(lambda page: self.rows(page, fields), pages)
                    for page, rows in zip(pages, read, strict=True):
                        yield IdPage(rows, page[-1], answered_at)
            finally:
                pool.shutdown(cancel_futures=True)

    def rows(self, ids: Sequence[int], fields: Sequence[str]) -> list[Row]:
        """Return the rows of these ids; those deleted meanwhile are left out, once a count has confirmed that."""
        got: dict[int, Row] = {}
        missing, lie_count = list(ids), 0
        while True:
            wanted = set(missing)
            got |= {row["id"]: row for row in self.table.rows([["id", "in", missing]], fields) if row["id"] in wanted}
            missing = [each for each in ids if each not in got]
            if not missing or self.table.count([["id", "in", missing]]) == 0:
                return [got[each] for each in ids if each in got]
            lie_count += 1
            self._refuse_lies(lie_count, "rows")

    def _refuse_lies(self, count: int, what: str) -> None:
        if count >= _LIES:
            raise SourceUnreachableError(
                self.table.thing,
                seen=f"{what} that are there by one answer and not by the next, {count} times in a row",
                expected="answers that fit together",
                next_step="look for a cache or a proxy before the server, then run the extract again: it goes on where"
                " it stopped",
            )
