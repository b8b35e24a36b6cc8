"""The lines of records (subforms): one record a line, read with each changed record, or all by query."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from sources.api.connector import Page, Record, State
from sources.zoho_crm.answers import RefusedRequestError, Told
from sources.zoho_crm.asking import MODIFIED, Asking, begun
from sources.zoho_crm.door import Door
from sources.zoho_crm.metadata import PARENT, Subform
from sources.zoho_crm.pages import PageWalk
from sources.zoho_crm.query import QueryWalk, Row
from sources.zoho_crm.values import plain, utc

WAY = "lines"
_LINK = "Parent_Id"


@dataclass(frozen=True, slots=True)
class LineWalk:
    """A walk over a subform's lines. `asking` is of the subform's module, `since` of the changes of its parents.

    A line's version is its parent's: whoever changes a line changes the record that it stands in.
    """

    door: Door
    subform: Subform
    asking: Asking

    def by_query(self) -> QueryWalk:
        """Return the walk by query: 2,000 lines a request, but of the parent the id only."""
        moment = self.asking.moment
        return QueryWalk(
            self.door,
            self.subform.module,
            columns=tuple(dict.fromkeys((*self._own, _LINK, f"{_LINK}.{MODIFIED}"))),
            criteria=(f"{_LINK}.{MODIFIED} >= '{moment}'",) if moment is not None else (),
            digest=self.asking.digest,
            record_of=lambda row: self._line(row, row.get(_LINK), row.get(f"{_LINK}.{MODIFIED}")),
        )

    def by_record(self, state: State | None) -> Iterator[Page]:
        """Yield the lines of every changed record; a page of records at a time, several asked for at once."""
        kept = begun(state, way=WAY, digest=self.asking.digest)
        parents = PageWalk(self.door, self._parents)
        with ThreadPoolExecutor(self.door.settings.concurrency) as pool:
            for page in parents.pages(kept.get("parents")):
                lists = pool.map(self._lines_of, page.records)
                lines = tuple(line for lines in lists for line in lines)
                yield Page(lines, {"way": WAY, "ask": self.asking.digest, "parents": page.state}, page.asked_at)

    @property
    def _parents(self) -> Asking:
        asking = self.asking
        return Asking(self.subform.parent, {}, since=asking.since, is_convertible=asking.is_convertible)

    @property
    def _own(self) -> tuple[str, ...]:
        return tuple(name for name in self.asking.kinds if name not in ("id", PARENT))

    def _lines_of(self, parent: Record) -> list[Record]:
        """Return a record's lines as they are now; none when it was deleted since its page was given."""
        try:
            return list(self._listed(parent) if self.subform.is_related else self._within(parent.key))
        except RefusedRequestError as error:
            if error.code in ("INVALID_DATA", "RECORD_NOT_FOUND"):
                return []
            raise

    def _listed(self, parent: Record) -> Iterator[Record]:
        """Yield the rows of a record's related list."""
        page, has_more = 1, True
        fields = ",".join(dict.fromkeys((*(name for name in self._own if name != _LINK), MODIFIED)))
        while has_more:
            told = self.door.ask(
                f"/{self.subform.parent}/{parent.key}/{self.subform.field}",
                params={"fields": fields, "page": str(page), "per_page": str(self.door.settings.page_size)},
                check=lambda told: (told.rows(), told.has_more()),
            )
            for row in told.rows():
                yield self._line(row, {"id": parent.key}, row.get(MODIFIED) or parent.version)
            page, has_more = page + 1, told.has_more()

    def _within(self, parent: str) -> Iterator[Record]:
        """Yield the lines that stand in a record."""
        params = {"converted": "both"} if self.asking.is_convertible else None
        told = self.door.ask(f"/{self.subform.parent}/{parent}", params=params, check=Told.rows)
        for record in told.rows():
            for line in record.get(self.subform.field) or ():
                yield self._line(line, {"id": parent, "name": _name_in(record, line)}, record.get(MODIFIED))

    def _line(self, row: Row, parent: Any, changed_at: Any) -> Record:
        key = str(row["id"])
        kinds = self.asking.kinds
        values: dict[str, Any] = {name: plain(row.get(name), kind) for name, kind in kinds.items()}
        link = plain(parent, "lookup")
        if _LINK in kinds:
            values[_LINK] = link
        return Record(key, utc(changed_at), values | {"id": key, PARENT: link})


def _name_in(record: Mapping[str, Any], line: Row) -> Any:
    """Return a record's name: its lines tell it, else it is the subject or the name."""
    link = line.get(_LINK)
    told = link.get("name") if isinstance(link, dict) else None
    return told or record.get("Subject") or record.get("Name")
