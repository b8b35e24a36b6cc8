"""Zoho CRM as a connector: which way each object is read, and what a test of the source looks at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sources.api.connector import Connector, Finding, Page, SourceField, State
from sources.api.http import Http
from sources.api.pace import Pace
from sources.api.settings import read_settings
from sources.credentials import read_credentials
from sources.mapping.mapping import DatasetOptions, SourceOptions
from sources.zoho_crm import export, lines, pages, query
from sources.zoho_crm.answers import RefusedRequestError
from sources.zoho_crm.asking import MODIFIED, Asking, asking_of
from sources.zoho_crm.deletions import deletion_pages
from sources.zoho_crm.door import Door
from sources.zoho_crm.examination import examine
from sources.zoho_crm.metadata import STAGES, USERS, Metadata
from sources.zoho_crm.people import user_pages
from sources.zoho_crm.settings import ZohoCredentials, ZohoSettings
from sources.zoho_crm.values import record_of


def open_connector(
    options: SourceOptions, *, credentials_of: Mapping[str, str] | None, http: Http, tokens: Path
) -> Connector:
    """Return the connector of a source of kind zoho_crm; nothing is asked of the system yet.

    Raises BadMappingError for its settings, SourceUnreachableError for its credentials.
    """
    settings = read_settings(options, ZohoSettings)
    addresses = settings.addresses(options.name, allows_private=http.rule.allows_private)
    credentials = read_credentials(options.name, ZohoCredentials, credentials_of)
    door = Door(options.name, settings, credentials, http, addresses, tokens)
    return ZohoConnector(door, Metadata(door), Pace(10, 60, sleep=http.sleep))


@dataclass(slots=True)
class ZohoConnector:
    """Reads modules (`Accounts`), subforms (`Sales_Orders.Ordered_Items`) and `users`."""

    door: Door
    metadata: Metadata
    downloads: Pace
    key_column: str = "id"

    def objects(self) -> Mapping[str, str]:
        """Return what may be read: modules, subforms by their parent's name, the stages of deals, users."""
        modules = self.metadata.modules()
        named = {
            (f"{each.parent}.{each.name}" if each.parent in modules else each.name): each.label
            for each in modules.values()
        }
        stages = {STAGES: "Stage History"} if STAGES.partition(".")[0] in modules else {}
        return named | stages | {USERS: "Users"}

    def fields(self, dataset: DatasetOptions) -> Mapping[str, SourceField]:
        """Return the fields of a dataset's object by name."""
        name = _object(dataset)
        if name == USERS:
            return self.metadata.user_fields()
        subform = self.metadata.subform(name)
        return self.metadata.line_fields(subform) if subform is not None else self.metadata.fields(name)

    def records(
        self, dataset: DatasetOptions, columns: tuple[str, ...], *, since: datetime | None, state: State | None
    ) -> Iterator[Page]:
        """Yield every record changed since a moment, or all; converted leads too."""
        name, fields = _object(dataset), self.fields(dataset)
        if name == USERS:
            kinds = asking_of(name, fields, (*columns, MODIFIED)).kinds
            return user_pages(self.door, kinds, state=state)
        subform = self.metadata.subform(name)
        if subform is not None:
            is_convertible = self.metadata.module(subform.parent).is_convertible
            asking = asking_of(subform.module, fields, columns, since=since, is_convertible=is_convertible)
            return self._lines(lines.LineWalk(self.door, subform, asking), state)
        is_convertible = self.metadata.module(name).is_convertible
        asking = asking_of(name, fields, columns, since=since, is_convertible=is_convertible)
        way = state.get("way") if state is not None else self._way(dataset, asking)
        if way == export.WAY:
            return self._export(dataset, asking, state)
        if way == query.WAY:
            return self._query(asking).pages(state)
        return pages.PageWalk(self.door, asking).pages(state)

    def _way(self, dataset: DatasetOptions, asking: Asking) -> str:
        settings = self.door.settings
        if not asking.suits_queries:
            return pages.WAY
        if asking.since is None and settings.first_load == "bulk":
            return export.WAY
        if settings.walk == "coql":
            return query.WAY
        if settings.walk == "auto" and asking.since is None and (self.count(dataset) or 0) > settings.page_limit:
            return query.WAY
        return pages.WAY

    def _query(self, asking: Asking) -> query.QueryWalk:
        moment = asking.moment
        return query.QueryWalk(
            self.door,
            asking.module,
            columns=asking.fields,
            criteria=(f"{MODIFIED} >= '{moment}'",) if moment is not None else (),
            digest=asking.digest,
            record_of=lambda row: record_of(row, asking.kinds),
        )

    def _export(self, dataset: DatasetOptions, asking: Asking, state: State | None) -> Iterator[Page]:
        """Yield what an export gives; then, where it has fewer rows than the module, all by query.

        Exports leave out rows whose parents are gone, and do not say so.
        """
        walk = export.ExportWalk(self.door, asking, self.downloads)
        row_count = 0
        for page in walk.pages(state):
            row_count = walk.row_count(page.state)
            yield page
        if row_count < (self.count(dataset) or 0):
            yield from self._query(asking).pages(None)

    def _lines(self, walk: lines.LineWalk, state: State | None) -> Iterator[Page]:
        """Yield lines by query where that gives all that is asked for and Zoho takes it, else record by record."""
        way = state.get("way") if state is not None else None
        is_hidden = walk.subform.is_related or not walk.asking.suits_queries
        if way == lines.WAY or (way is None and (is_hidden or self.door.settings.walk == "pages")):
            yield from walk.by_record(state)
            return
        is_new = state is None
        try:
            for page in walk.by_query().pages(state):
                is_new = False
                yield page
        except RefusedRequestError:
            if not is_new:
                raise
            yield from walk.by_record(None)

    def deleted(self, dataset: DatasetOptions, *, since: datetime, state: State | None) -> Iterator[Page] | None:
        """Yield the keys deleted since a moment; subforms and users have no such feed."""
        name = _object(dataset)
        if name == USERS or self.metadata.subform(name) is not None:
            return None
        return deletion_pages(self.door, name, since=since, state=state)

    def keys(self, dataset: DatasetOptions, *, state: State | None) -> Iterator[Page]:
        """Yield every key there is now, by query where that gives every record."""
        for page in self._keys(dataset, state):
            yield replace(page, records=tuple(replace(each, values={}) for each in page.records))

    def _keys(self, dataset: DatasetOptions, state: State | None) -> Iterator[Page]:
        name = _object(dataset)
        if name == USERS:
            return user_pages(self.door, {}, state=state)
        subform = self.metadata.subform(name)
        is_convertible = self.metadata.module(subform.parent if subform else name).is_convertible
        is_hidden = is_convertible or (subform is not None and subform.is_related)
        if is_hidden or self.door.settings.walk == "pages":
            asking = Asking(subform.module if subform else name, {}, is_convertible=is_convertible)
            if subform is not None:
                return lines.LineWalk(self.door, subform, asking).by_record(state)
            return pages.PageWalk(self.door, asking).pages(state)
        module = subform.module if subform is not None else name
        walk = query.QueryWalk(
            self.door,
            module,
            columns=(),
            criteria=(),
            digest=f"keys of {module}",
            record_of=lambda row: record_of(row, {}),
        )
        return walk.pages(state)

    def count(self, dataset: DatasetOptions) -> int | None:
        """Return how many records there are; None for lines, and for leads, whose converted ones are not counted."""
        name = _object(dataset)
        if name != USERS and (self.metadata.subform(name) is not None or self.metadata.module(name).is_convertible):
            return None
        params = {"type": "AllUsers"} if name == USERS else None
        try:
            told = self.door.ask(f"/{name}/actions/count", params=params)
        except RefusedRequestError:
            return None
        count = told.body.get("count") if isinstance(told.body, dict) else None
        return int(str(count)) if str(count).isdigit() else None

    def test(self, datasets: Mapping[str, DatasetOptions]) -> Iterator[Finding]:
        """Yield what works and what does not."""
        yield from examine(self, self.door, datasets)

    def usage(self) -> str:
        """Return in a few words how much of Zoho's limits was used."""
        left = self.door.credits_left
        told = f"{left:,} left" if left is not None else "more than half of them left"
        return (
            f"{self.door.http.request_count:,} requests, about {self.door.credits_used:,} API credits ({told}),"
            f" at most {self.door.settings.concurrency} at once"
        )

    def close(self) -> None:
        """Give back connections."""
        self.door.http.close()


def _object(dataset: DatasetOptions) -> str:
    return dataset.object or ""
