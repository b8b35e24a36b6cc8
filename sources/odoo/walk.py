"""A walk over a model: its ids in their order, then the rows of several pages at once, then proof that it ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sources.errors import SourceUnreachableError
from sources.odoo.doors import Door, Reply

Domain = list[Any]

_PAGES_A_SWEEP = 10
_LIES = 6


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of consecutive ids; `last` is the last id that was looked at.

    `answered_at` is the server's clock when it told the ids: what was written after that may not be among them.
    """

    rows: Sequence[Mapping[str, Any]]
    last: int
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Walk:
    """How to go through one model.

    A page may lie (an empty or a repeated one, from a cache or a tired proxy). So an id counts only when it comes
    after the last one, a row only when it was asked for, and an end only when search_count says so too.
    """

    door: Door
    thing: str
    model: str
    domain: Domain
    context: Mapping[str, Any]
    page_size: int
    concurrency: int

    def ids(self, after: int) -> Iterator[tuple[Sequence[int], datetime | None]]:
        """Yield every id of the domain after one, in order, ten pages a request."""
        limit = self.page_size * _PAGES_A_SWEEP
        empty_count = 0
        while True:
            rest = [*self.domain, ["id", ">", after]]
            reply = self._call("search", domain=rest, limit=limit, order="id")
            found = reply.value if isinstance(reply.value, list) else []
            is_in_order = all(before < each for before, each in zip([after, *found], found, strict=False))
            if found and is_in_order:
                yield found, reply.answered_at
                after, empty_count = found[-1], 0
                if len(found) >= limit:
                    continue
                rest = [*self.domain, ["id", ">", after]]
            if is_in_order and self._call("search_count", domain=rest).value == 0:
                return
            empty_count += 1
            self._refuse_lies(empty_count, "ids")

    def rows(self, fields: Sequence[str], after: int) -> Iterator[Rows]:
        """Yield the rows of every id after one, page by page in the ids' order."""
        with ThreadPoolExecutor(self.concurrency, thread_name_prefix="odoo") as pool:
            try:
                for ids, answered_at in self.ids(after):
                    pages = [ids[start : start + self.page_size] for start in range(0, len(ids), self.page_size)]
                    for ids_of_page, read in zip(
                        pages, pool.map(lambda page: self.read(page, fields), pages), strict=True
                    ):
                        yield Rows(read, ids_of_page[-1], answered_at)
            finally:
                pool.shutdown(cancel_futures=True)

    def read(self, ids: Sequence[int], fields: Sequence[str]) -> list[Mapping[str, Any]]:
        """Return the rows of these ids; those deleted meanwhile are left out, once Odoo has confirmed that."""
        got: dict[int, Mapping[str, Any]] = {}
        missing, tries = list(ids), 0
        while True:
            reply = self._call("search_read", domain=[["id", "in", missing]], fields=list(fields), order="id")
            wanted = set(missing)
            got |= {row["id"]: row for row in reply.value if row["id"] in wanted}
            missing = [each for each in ids if each not in got]
            if not missing or self._call("search_count", domain=[["id", "in", missing]]).value == 0:
                return [got[each] for each in ids if each in got]
            tries += 1
            self._refuse_lies(tries, "rows")

    def _call(self, method: str, **arguments: Any) -> Reply:
        return self.door.call(self.model, method, **arguments, context=dict(self.context))

    def _refuse_lies(self, count: int, what: str) -> None:
        if count >= _LIES:
            raise SourceUnreachableError(
                f"{self.thing}, model {self.model}",
                seen=f"{what} that are there by one answer and not by the next, {count} times in a row",
                expected="answers that fit together",
                next_step="look for a cache or a proxy before the server, then run the extract again: it goes on where"
                " it stopped",
            )
