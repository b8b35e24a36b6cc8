"""The users of a Zoho CRM, who are no module: active ones and those who left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sources.api.connector import Page, State
from sources.api.http import AgainError
from sources.zoho_crm.answers import EmptyForSure, Told
from sources.zoho_crm.asking import begun
from sources.zoho_crm.door import Door
from sources.zoho_crm.values import record_of

_WAY = "users"


def user_pages(door: Door, kinds: Mapping[str, str], *, state: State | None) -> Iterator[Page]:
    """Yield every user; there are too few to ask only for the changed ones."""
    kept = begun(state, way=_WAY, digest=_WAY)
    page: int | None = kept["page"] if kept else 1
    while page is not None:
        told = _ask(door, page)
        page = page + 1 if told.has_more() else None
        records = tuple(record_of(row, kinds) for row in told.rows("users"))
        yield Page(records, {"way": _WAY, "ask": _WAY, "page": page}, told.answered_at)


def _ask(door: Door, page: int) -> Told:
    is_empty = EmptyForSure("users")

    def check(told: Told) -> None:
        is_empty(told)
        told.has_more()
        if told.body is not None and told.info("page") != page:
            raise AgainError("another page than the one asked for")

    params = {"type": "AllUsers", "page": str(page), "per_page": str(door.settings.page_size)}
    return door.ask("/users", params=params, check=check)
