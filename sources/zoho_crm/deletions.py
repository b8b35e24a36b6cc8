"""What was deleted: the feed of deleted records."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from sources.api.connector import Page, Record, State
from sources.api.http import AgainError
from sources.zoho_crm.answers import EmptyForSure, RefusedRequestError, Told
from sources.zoho_crm.asking import begun
from sources.zoho_crm.door import Door
from sources.zoho_crm.values import utc

_WAY = "deleted"
_COST = 2


def deletion_pages(door: Door, module: str, *, since: datetime, state: State | None) -> Iterator[Page]:
    """Yield the keys of the records deleted since a moment, in the recycle bin or for good."""
    digest = f"{module} {_moment(since)}"
    kept = begun(state, way=_WAY, digest=digest)
    page: int | None = kept["page"] if kept else 1
    while page is not None:
        told = _ask(door, module, since=since, page=page, per_page=door.settings.page_size)
        page = page + 1 if told.has_more() else None
        records = tuple(Record(str(row["id"]), utc(row.get("deleted_time")), {}) for row in told.rows())
        yield Page(records, {"way": _WAY, "ask": digest, "page": page}, told.answered_at)


def has_deletions(door: Door, module: str, *, since: datetime) -> bool:
    """Say whether anything was deleted since a moment; no where the module has no such feed."""
    try:
        return bool(_ask(door, module, since=since, page=1, per_page=1).rows())
    except RefusedRequestError:
        return False


def _ask(door: Door, module: str, *, since: datetime, page: int, per_page: int) -> Told:
    is_empty = EmptyForSure()

    def check(told: Told) -> None:
        is_empty(told)
        told.has_more()
        if told.body is not None and told.info("page") != page:
            raise AgainError("another page than the one asked for")

    return door.ask(
        f"/{module}/deleted",
        params={"type": "all", "page": str(page), "per_page": str(per_page)},
        headers={"If-Modified-Since": _moment(since)},
        cost=_COST,
        check=check,
    )


def _moment(since: datetime) -> str:
    return since.astimezone(UTC).isoformat(timespec="seconds")
