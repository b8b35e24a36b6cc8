"""Calls of the Open API: all are POST, each interface has a pace of its own, and a page is believed only in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from threading import Lock
from typing import Any, TypeVar

from sources.api.http import AgainError, Answer, Http
from sources.api.pace import Pace
from sources.fxiaoke.access import Access, trace_id
from sources.fxiaoke.codes import RefusedRequestError, answered

Made = TypeVar("Made")
_CALLS, _SECONDS = 100, 21.0  # the system says 20; one call may travel longer than the hundredth after it
MOST_OF_CUSTOM = 100
"""Records a page of a custom object, and the size that every object takes."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of one object: its conditions (all must hold), the fields wanted, and the page's size."""

    object: str
    filters: tuple[Mapping[str, Any], ...] = ()
    fields: tuple[str, ...] = ("_id",)
    size: int = MOST_OF_CUSTOM
    orders: tuple[Mapping[str, Any], ...] = ({"fieldName": "_id", "isAsc": True},)

    def asked(self, *, after: str | None = None, with_total: bool = False) -> dict[str, Any]:
        """Return the body of the question for the records behind a key."""
        behind = [] if after is None else [condition("_id", "GT", after)]
        return {
            # how the total is asked for differs from page to page of the vendor's manual; each knows one of these
            "returnTotalNum": 1 if with_total else 3,
            "data": {
                "dataObjectApiName": self.object,
                "find_explicit_total_num": with_total,
                "search_query_info": {
                    "limit": self.size,
                    "offset": 0,
                    "filters": [*self.filters, *behind],
                    "orders": list(self.orders),
                    "fieldProjection": list(self.fields),
                },
            },
        }


@dataclass(frozen=True, slots=True)
class Rows:
    """A page as it was answered, and the system's clock then. `total` is 0 where it was not counted."""

    rows: Sequence[Mapping[str, Any]]
    answered_at: datetime | None
    total: int = 0


def condition(name: str, operator: str, *values: str) -> dict[str, Any]:
    return {"field_name": name, "operator": operator, "field_values": list(values)}


def is_custom(name: str) -> bool:
    """Say whether an object (or a field) is the tenant's own."""
    return name.endswith("__c")


@dataclass(slots=True)
class Calls:
    """The calls of one source. May be shared by threads."""

    source: str
    base: str
    http: Http
    access: Access
    _paces: dict[str, Pace] = field(default_factory=dict)
    _has_small_pages: bool = False
    _lock: Lock = field(default_factory=Lock)

    def ask(
        self, path: str, asked: Mapping[str, Any], read: Callable[[Mapping[str, Any], Answer], Made], *, about: str
    ) -> Made:
        """Return what `read` makes of the answer; it may raise AgainError for an answer it does not believe."""
        ticket = self.access.ticket()

        def judge(answer: Answer) -> Made:
            self.access.shared.notice(answer.answered_at)
            return read(answered(answer, thing=f"source {self.source}, {about}"), answer)

        made: Made = self.http.send(
            "POST",
            self.base + path,
            judge,
            params=trace_id,
            json=ticket.body(asked),
            headers=ticket.headers,
            pace=self._pace(path),
            renew=ticket.use.renew,
        )
        return made

    def rows(self, query: Query, *, after: str | None, with_total: bool = False, in_order: bool = True) -> Rows:
        """Return the records behind a key, by key. A page that is not in order or not behind the key is not believed:
        it is asked for again, and taken for a system that does not answer when it stays so."""
        custom = is_custom(query.object)
        size = min(query.size, MOST_OF_CUSTOM if custom or self._has_small_pages else query.size)
        query = replace(query, size=size)

        def read(told: Mapping[str, Any], answer: Answer) -> Rows:
            rows, total = _listed(told)
            if in_order and not is_in_order([after, *(row["_id"] for row in rows)]):
                raise AgainError("a page that does not go on behind the one before")
            return Rows(rows, answer.answered_at, total)

        path = "/cgi/crm/custom/v2/data/query" if custom else "/cgi/crm/v2/data/query"
        try:
            return self.ask(path, query.asked(after=after, with_total=with_total), read, about=query.object)
        except RefusedRequestError:
            if size <= MOST_OF_CUSTOM:
                raise
            # The manual says at most 100 in one place and 1,000 in another: a tenant that takes no more gets no more.
            self._has_small_pages = True
            small = replace(query, size=MOST_OF_CUSTOM)
            return self.ask(path, small.asked(after=after, with_total=with_total), read, about=query.object)

    def _pace(self, path: str) -> Pace:
        with self._lock:
            if path not in self._paces:
                self._paces[path] = Pace(_CALLS, _SECONDS, sleep=self.http.sleep)
            return self._paces[path]


def _listed(told: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], int]:
    """Return the records of an answer; they are in `data`, or in `result` where a custom object was asked."""
    for place in ("data", "result"):
        data = told.get(place)
        if not isinstance(data, dict) or not {"limit", "dataList"} & data.keys():
            continue
        rows = data.get("dataList") or []
        if isinstance(rows, list) and all(isinstance(row, dict) and isinstance(row.get("_id"), str) for row in rows):
            total = data.get("total") or data.get("totalSize") or 0
            return rows, int(total) if str(total).isdigit() else 0
    raise AgainError("an answer without records")


def is_in_order(keys: Sequence[str | None]) -> bool:
    """Say whether keys grow. People's keys are numbers, and systems sort those as text or by their size."""
    known = [key for key in keys if key is not None]
    pairs = list(pairwise(known))
    if all(before < behind for before, behind in pairs):
        return True
    return all(key.isdecimal() for key in known) and all(int(before) < int(behind) for before, behind in pairs)
