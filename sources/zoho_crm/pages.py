"""Records by the records API, page by page: by page token, in the order of ids or, beyond its reach, of changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sources.api.connector import Page, State, StateExpiredError
from sources.api.http import AgainError
from sources.zoho_crm.answers import EmptyForSure, RefusedRequestError, Told
from sources.zoho_crm.asking import MODIFIED, Asking, begun
from sources.zoho_crm.deletions import has_deletions
from sources.zoho_crm.door import Door
from sources.zoho_crm.values import record_of, utc
from warehouse.errors import Problem

WAY = "pages"
_FIELDS = 50  # that one request gives at most
_IDS = 100
_PASSES = 3
_TOKENS = 3


class TooManyAtOnceError(Problem):
    """More records than pages can reach were changed in one second, so that no page can begin behind them."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a walk stands. `order` is id or Modified_Time; `last` its value in the last row read so far.

    `first` is the last page's first id, `row_count` the rows since the last window began at `window`.
    """

    order: str = "id"
    token: str | None = None
    last: str | None = None
    first: str | None = None
    row_count: int = 0
    page_count: int = 0
    pass_count: int = 1
    began_at: str | None = None
    window: str | None = None
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class PageWalk:
    """A walk over the records that `asking` wants; `order` of the pages is id, or Modified_Time for very many."""

    door: Door
    asking: Asking
    order: str = "id"

    def pages(self, state: State | None) -> Iterator[Page]:
        """Yield every record, some twice. An expired page token makes a walk begin anew, but never lose a record."""
        kept = begun(state, way=WAY, digest=self.asking.digest)
        place = _Place(**kept["at"]) if kept else _Place(order=self.order, window=self.asking.moment)
        token_count = 0
        while not place.is_done:
            try:
                told = self._ask(place)
            except StateExpiredError:
                token_count += 1
                if token_count > _TOKENS or (kept and token_count == 1 and place == _Place(**kept["at"])):
                    raise
                place = _Place(order=place.order, window=self.asking.moment)
                continue
            except RefusedRequestError as error:
                if error.code != "PAGINATION_LIMIT_EXCEEDED":
                    raise
                place = self._beyond(place)
                continue
            rows = self._whole(told.rows())
            place = self._next(place, told)
            records = tuple(record_of(row, self.asking.kinds) for row in rows)
            yield Page(records, {"way": WAY, "ask": self.asking.digest, "at": asdict(place)}, told.answered_at)

    def _ask(self, place: _Place) -> Told:
        params = {
            "fields": ",".join(self.asking.fields[:_FIELDS]),
            "per_page": str(self.door.settings.page_size),
            "sort_by": place.order,
            "sort_order": "asc",
            **self._converted,
            **({"page_token": place.token} if place.token is not None else {}),
        }
        headers = {"If-Modified-Since": place.window} if place.window is not None else {}
        is_empty = EmptyForSure()

        def check(told: Told) -> None:
            is_empty(told)
            _refuse_repeated(told, place)
            told.has_more()

        return self.door.ask(f"/{self.asking.module}", params=params, headers=headers, check=check)

    @property
    def _converted(self) -> Mapping[str, str]:
        return {"converted": "both"} if self.asking.is_convertible else {}

    def _next(self, place: _Place, told: Told) -> _Place:
        rows = told.rows()
        began_at = place.began_at or (told.answered_at.isoformat() if told.answered_at is not None else None)
        if rows:
            last = str(rows[-1]["id"]) if place.order == "id" else utc(rows[-1][MODIFIED])
            place = replace(
                place,
                last=last,
                first=str(rows[0]["id"]),
                row_count=place.row_count + len(rows),
                page_count=place.page_count + 1,
                began_at=began_at,
            )
        if not told.has_more():
            return self._ended(place)
        token = told.info("next_page_token")
        if place.row_count >= self.door.settings.page_limit or not isinstance(token, str):
            return self._beyond(place)
        return replace(place, token=token)

    def _beyond(self, place: _Place) -> _Place:
        """Return the place from which a walk goes on that has reached the last row a page token gives.

        Pages in the order of changes can begin anew at a moment; in the order of ids there is no such way.
        """
        if place.order == "id":
            return _Place(order=MODIFIED, window=self.asking.moment)
        if place.last is None or place.last == place.window:
            raise TooManyAtOnceError(
                f"{self.door.thing}, module {self.asking.module}",
                seen=f"more than {self.door.settings.page_limit:,} records that were changed in one second",
                expected="fewer: pages reach no further",
                next_step="read the first load by export: `first_load: bulk` in the source's settings, with columns"
                " that take only the id of lookups",
            )
        return replace(place, token=None, first=None, row_count=0, window=place.last)

    def _ended(self, place: _Place) -> _Place:
        """Return where a walk stands after its last page: at its end, or at the start of another pass.

        Nobody says what a page token does when a record before it is deleted: if tokens count rows, the next page
        begins one row late. A record that one pass has skipped so, the next one reads.
        """
        is_long = place.page_count > 1 and place.order == "id" and place.pass_count < _PASSES
        if is_long and place.began_at is not None:
            since = datetime.fromisoformat(place.began_at)
            if has_deletions(self.door, self.asking.module, since=since):
                return _Place(window=self.asking.moment, pass_count=place.pass_count + 1)
        return replace(place, token=None, is_done=True)

    def _whole(self, rows: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Return rows with the fields that did not fit into the first request; what is gone meanwhile is left out."""
        rest = self.asking.fields[_FIELDS:]
        for begin in range(0, len(rest), _FIELDS):
            more: dict[str, Mapping[str, Any]] = {}
            for number in range(0, len(rows), _IDS):
                ids = ",".join(str(row["id"]) for row in rows[number : number + _IDS])
                params = {"ids": ids, "fields": ",".join(rest[begin : begin + _FIELDS]), **self._converted}
                told = self.door.ask(f"/{self.asking.module}", params=params, check=EmptyForSure())
                more |= {str(row["id"]): row for row in told.rows()}
            rows = [{**row, **more[str(row["id"])]} for row in rows if str(row["id"]) in more]
        return rows


def _refuse_repeated(told: Told, place: _Place) -> None:
    """Raise AgainError for a page that lies wholly before the place it was asked for."""
    rows = told.rows()
    if not rows or place.last is None or place.token is None:
        return
    if place.order == "id":
        is_behind = max(int(row["id"]) for row in rows) <= int(place.last)
    else:
        is_behind = str(rows[0]["id"]) == place.first
    if is_behind:
        raise AgainError("a page that was given before")
