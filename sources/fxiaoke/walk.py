"""A walk over an object's records, from the lowest key to the highest, that another process may go on with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sources.api.connector import State, StateExpiredError, WalkKind
from sources.fxiaoke.calls import Calls, Query, Rows, condition
from sources.fxiaoke.codes import RefusedRequestError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CHANGED = "last_modified_time"


@dataclass(frozen=True, slots=True)
class Part:
    """One pass over the keys of an object. `may_be_refused`: a tenant may not take its condition, and then it is
    left out."""

    filters: tuple[Mapping[str, Any], ...] = ()
    may_be_refused: bool = False


@dataclass(frozen=True, slots=True)
class Walk:
    """A walk: one part or several, one after another, over the records changed since a moment or all of them.

    Why it loses nothing. Each page asks for `last_modified_time >= since and _id > the last key seen`, ordered by
    _id, from offset 0. The key of a record never changes, so a record that was in the set when the walk began and
    is still there when the walk comes to its key is on a page, whatever else comes, goes or changes meanwhile: no
    offset counts the others. A change only ever raises last_modified_time, so it takes no record out of the set. A
    record that comes into the set behind our back (made or changed after we passed its key, or read a moment before
    it changed again) was changed while the walk went on; the next walk reads from the walk's first answer on, which
    every page tells as its `asked_at`, less the look-back, and not from the newest record seen, and so finds it.
    Equal moments do no harm, as no border between pages lies between moments; a pass ordered by last_modified_time
    would have such borders, and the system ends it at the 10,000th record.

    When it ends. `total` may be 0, late or wrong, and a page may be shorter than asked for (a tenant may cap it, or
    hide rows): neither says anything. Only two empty answers in a row behind the same key end a part.
    """

    calls: Calls
    query: Query
    kind: WalkKind
    since: datetime | None
    parts: tuple[Part, ...] = (Part(),)

    def pages(self, state: State | None) -> Iterator[tuple[Rows, State, datetime | None]]:
        """Yield each page, the state behind it and when the walk began; one empty page when there is nothing."""
        at = self._start(state)
        since = () if at["since"] is None else (condition(CHANGED, "GTE", str(at["since"])),)
        has_yielded = False
        while at["part"] < len(self.parts):
            part = self.parts[at["part"]]
            for rows in self._part(part, since, after=at["after"]):
                at = at | {"began": at["began"] or _text(rows.answered_at)}
                if rows.rows:
                    at = at | {"after": str(rows.rows[-1]["_id"])}
                    has_yielded = True
                    yield rows, at, _moment(at["began"])
            at = at | {"part": at["part"] + 1, "after": None}
        if not has_yielded:
            yield Rows((), None), at, _moment(at["began"])

    def _part(self, part: Part, since: tuple[Mapping[str, Any], ...], *, after: str | None) -> Iterator[Rows]:
        query = Query(self.query.object, (*since, *part.filters), self.query.fields, self.query.size)
        is_empty = False
        while True:
            try:
                rows = self.calls.rows(query, after=after)
            except RefusedRequestError:
                if part.may_be_refused:
                    return
                raise
            yield rows
            if rows.rows:
                after, is_empty = str(rows.rows[-1]["_id"]), False
            elif is_empty:
                return
            else:
                is_empty = True

    def _start(self, state: State | None) -> dict[str, Any]:
        since = milliseconds(self.since) if self.since is not None else None
        begin = {
            "walk": self.kind, "object": self.query.object, "since": since, "part": 0, "after": None, "began": None,
        }  # fmt: skip
        if state is None:
            return begin
        at = {name: state.get(name) for name in begin}
        is_ours = at["walk"] == self.kind and at["object"] == self.query.object and isinstance(at["part"], int)
        # A walk that began with a later moment has passed records that are asked for now.
        is_wide = at["since"] is None or (since is not None and at["since"] <= since)
        if not (is_ours and is_wide):
            raise StateExpiredError
        return at


def milliseconds(moment: datetime) -> int:
    """Return the milliseconds since 1970, rounded down, so that nothing of the moment's own second is left out."""
    return (moment - _EPOCH) // (datetime.resolution * 1000)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
