"""Records by query (COQL), each page from the last id on: no limit of rows, several ranges of ids at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial, reduce
from itertools import pairwise
from typing import Any

from sources.api.connector import Page, Record, State
from sources.api.http import AgainError
from sources.zoho_crm.answers import EmptyForSure, Told
from sources.zoho_crm.asking import begun
from sources.zoho_crm.door import Door

WAY = "query"
Row = Mapping[str, Any]
Range = tuple[int, int | None]
"""Ids still to be read: after the first number, up to and with the second, or to the end."""


def ask_query(door: Door, text: str, *, limit: int, check: Callable[[Told], Any] | None = None) -> Told:
    """Return what a query tells, whose LIMIT this is: it decides the price."""
    cost = 1 if limit <= 200 else 2 if limit <= 1000 else 3  # noqa: PLR2004 - Zoho's own steps
    is_empty = EmptyForSure()

    def judge(told: Told) -> None:
        is_empty(told)
        told.has_more()
        if check is not None:
            check(told)

    return door.ask("/coql", method="POST", json={"select_query": text}, cost=cost, check=judge)


@dataclass(frozen=True, slots=True)
class QueryWalk:
    """A walk by query over a module. `columns` are selected besides the id; `criteria` hold besides its range."""

    door: Door
    module: str
    columns: tuple[str, ...]
    criteria: tuple[str, ...]
    digest: str
    record_of: Callable[[Row], Record]

    def pages(self, state: State | None) -> Iterator[Page]:
        """Yield every record once, in no order; a row that comes while the walk goes on may be among them.

        The first page is read alone; where more follow, the ids behind it are cut into ranges, one for each
        request that may be under way. A state has what is left of each range whose pages were yielded.
        """
        kept = begun(state, way=WAY, digest=self.digest)
        ranges: list[Range] = [(int(low), None if high is None else int(high)) for low, high in kept.get("left", ())]
        if not kept:
            page, rest = self._page((0, None))
            ranges = [] if rest is None else self._cut(rest)
            yield self._yielded(page, ranges)
        with ThreadPoolExecutor(self.door.settings.concurrency) as pool:
            waiting = list(ranges)
            coming: dict[Future[tuple[Page, Range | None]], Range] = {}
            try:
                while waiting or coming:
                    while waiting and len(coming) < self.door.settings.concurrency:
                        begin = waiting.pop(0)
                        coming[pool.submit(self._page, begin)] = begin
                    for done in wait(coming, return_when=FIRST_COMPLETED).done:
                        begin = coming.pop(done)
                        page, rest = done.result()
                        place = ranges.index(begin)
                        ranges[place : place + 1] = [] if rest is None else [rest]
                        if rest is not None:
                            coming[pool.submit(self._page, rest)] = rest
                        yield self._yielded(page, ranges)
            finally:
                for left in coming:
                    left.cancel()

    def _yielded(self, page: Page, ranges: list[Range]) -> Page:
        left = [list(each) for each in ranges]
        return Page(page.records, {"way": WAY, "ask": self.digest, "left": left}, page.asked_at)

    def _page(self, ids: Range) -> tuple[Page, Range | None]:
        limit = self.door.settings.query_size
        text = self._text(ids, order="asc", limit=limit)
        told = ask_query(self.door, text, limit=limit, check=partial(_refuse_unasked, ids=ids))
        rows = told.rows()
        page = Page(tuple(self.record_of(row) for row in rows), {}, told.answered_at)
        if not rows or not told.has_more():
            return page, None
        return page, (max(int(row["id"]) for row in rows), ids[1])

    def _cut(self, rest: Range) -> list[Range]:
        """Return the rest of all ids as ranges; the last one is open, for what comes meanwhile."""
        parts = self.door.settings.concurrency
        told = ask_query(self.door, self._text(rest, order="desc", limit=1), limit=1)
        low = rest[0]
        high = max((int(row["id"]) for row in told.rows()), default=low)
        if parts == 1 or high - low < parts:
            return [rest]
        edges = [low + (high - low) * part // parts for part in range(parts + 1)]
        return [*pairwise(edges[:-1]), (edges[-2], None)]

    def _text(self, ids: Range, *, order: str, limit: int) -> str:
        low, high = ids
        bounds = [f"id > {low}"] if high is None else [f"id > {low}", f"id <= {high}"]
        where = reduce(lambda left, right: f"({left} and {right})", [*bounds, *self.criteria])
        columns = ", ".join(("id", *self.columns))
        # every name is one of the system's own metadata
        return f"select {columns} from {self.module} where {where} order by id {order} limit {limit}"  # noqa: S608


def _refuse_unasked(told: Told, *, ids: Range) -> None:
    """Raise AgainError for rows outside of the range that was asked for, or out of order."""
    low, high = ids
    for row in told.rows():
        number = int(row["id"])
        if number <= low or (high is not None and number > high):
            raise AgainError("a page of other records than those asked for")
        low = number
