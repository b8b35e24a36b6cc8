"""纷享销客 as a source: its objects, their fields, and their records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from threading import Lock
from typing import Any
from zoneinfo import ZoneInfo

from sources.api.connector import Connector, Finding, Page, Record, SourceField, State
from sources.api.http import AgainError, Answer, Http
from sources.api.settings import read_settings
from sources.credentials import read_credentials
from sources.errors import MissingTableError
from sources.fxiaoke.access import Access
from sources.fxiaoke.calls import Calls, Query, condition, is_custom
from sources.fxiaoke.codes import RefusedRequestError
from sources.fxiaoke.fields import Field, field_of, read_fields, source_fields
from sources.fxiaoke.settings import FxiaokeCredentials, FxiaokeSettings
from sources.fxiaoke.values import is_gone, record_of
from sources.fxiaoke.walk import CHANGED, Part, Walk
from sources.mapping.mapping import DatasetOptions, SourceOptions
from sources.mapping.reader import BadMappingError
from warehouse.errors import Problem

_LIFE = ("life_status", "is_deleted")


def open_connector(
    options: SourceOptions, *, credentials_of: Mapping[str, str] | None, http: Http, tokens: Path
) -> Connector:
    """Return the connector of a source of kind fxiaoke. Asks nothing yet.

    Raises BadMappingError for its settings and SourceUnreachableError for its credentials.
    """
    settings = read_settings(options, FxiaokeSettings)
    credentials = read_credentials(options.name, FxiaokeCredentials, credentials_of)
    access = Access(options.name, settings, credentials, http, tokens)
    return FxiaokeConnector(options.name, settings, http, Calls(options.name, settings.base, http, access))


@dataclass(slots=True)
class FxiaokeConnector:
    """A tenant's CRM, read only. May be shared by threads: each object has a walk of its own."""

    source: str
    settings: FxiaokeSettings
    http: Http
    calls: Calls
    key_column: str = "_id"
    _fields: dict[str, Mapping[str, Field]] = field(default_factory=dict)
    _objects: Mapping[str, str] | None = None
    _lock: Lock = field(default_factory=Lock)

    def objects(self) -> Mapping[str, str]:
        """Return the objects that are switched on, with their labels."""
        with self._lock:
            if self._objects is None:
                self._objects = self.calls.ask("/cgi/crm/v2/object/list", {}, _objects_of, about="objects")
            return self._objects

    def fields(self, dataset: DatasetOptions) -> Mapping[str, SourceField]:
        """Return the columns a dataset may have. Raises MissingTableError when there is no such object."""
        return source_fields(self._described(dataset))

    def records(
        self, dataset: DatasetOptions, columns: tuple[str, ...], *, since: datetime | None, state: State | None
    ) -> Iterator[Page]:
        """Yield every living record changed since a moment, or all; the codes of selects come as their labels."""
        fields = self._described(dataset)
        found = [each for each in (field_of(column, fields) for column in columns) if each is not None]
        unknown = [column.split(".", maxsplit=1)[0] for column in columns if field_of(column, fields) is None]
        asked = [name for each in found for name in each.asked_for]
        walk = Walk(self.calls, self._query(dataset, fields, *asked, *unknown), "records", since)
        for rows, after, began in walk.pages(state):
            living = tuple(record_of(row, columns, fields) for row in rows.rows if not is_gone(row))
            yield Page(living, after, began)

    def deleted(self, dataset: DatasetOptions, *, since: datetime, state: State | None) -> Iterator[Page] | None:
        """Yield the keys that went into the recycle bin since a moment: invalid (作废), then deleted there.

        A record that was deleted for good is in neither; only `keys` shows that it has vanished.
        """
        fields = self._described(dataset)
        questions = {"life_status": "invalid", "is_deleted": "true"}
        parts = tuple(
            # a record has said for itself that it is gone before it is told: no condition is trusted with that
            Part((condition(name, "EQ", value),), may_be_refused=name == "is_deleted")
            for name, value in questions.items()
            if name in fields
        )
        return self._keys(Walk(self.calls, self._query(dataset, fields), "deleted", since, parts), state, gone=True)

    def keys(self, dataset: DatasetOptions, *, state: State | None) -> Iterator[Page]:
        """Yield every key that lives; one that raw knows and that is not among them has vanished."""
        query = self._query(dataset, self._described(dataset))
        return self._keys(Walk(self.calls, query, "keys", None), state, gone=False)

    def count(self, dataset: DatasetOptions) -> int | None:
        """Return how many records there are, as the system counts them, or None where it does not."""
        name = self._object(dataset)
        alive = condition("life_status", "N", "invalid")
        filters = (alive,) if "life_status" in self._described(dataset) else ()
        try:
            told = self.calls.rows(Query(name, filters, size=1), after=None, with_total=True)
        except RefusedRequestError:
            return None
        return None if told.rows and not told.total else told.total

    def test(self, datasets: Mapping[str, DatasetOptions]) -> Iterator[Finding]:
        """Yield whether the address and the credentials hold, then whether each dataset may be read."""
        where = f"address {self.settings.base}, credentials"
        try:
            objects = self.objects()
        except Problem as problem:
            yield Finding(where, False, problem.seen, problem.next_step)
            return
        yield Finding(where, True, f"style {self.settings.token_style}; {len(objects):,} objects")
        for name, dataset in datasets.items():
            what = f"dataset {name}"
            try:
                yield Finding(what, *self._tried(dataset))
            except Problem as problem:
                yield Finding(what, False, problem.seen, problem.next_step)
        yield Finding("limits", True, self.usage())

    def usage(self) -> str:
        """Return how many calls were made; the system does not tell what is left of a day's pack."""
        count, bought = self.http.request_count, self.settings.daily_calls
        of = f" of {bought:,} bought for a day" if bought else ""
        waited = f", waited {self.http.waited_seconds:,.0f} s for the system" if self.http.waited_seconds else ""
        return f"{count:,} calls{of}, at most 100 in 20 s of each interface{waited}"

    def close(self) -> None:
        self.http.close()

    def _tried(self, dataset: DatasetOptions) -> tuple[bool, str, str]:
        fields, name = self._described(dataset), self._object(dataset)
        query = Query(name, (), ("_id", CHANGED), 1, ({"fieldName": CHANGED, "isAsc": False},))
        newest = self.calls.rows(query, after=None, in_order=False).rows
        if not newest:
            hint = " (people are hidden even from administrators unless a sharing rule shows them)"
            return (
                False,
                f"{name}: no record that we may see",
                "see that the person the source reads as may see the object's records"
                + (hint if name == "PersonnelObj" else ""),
            )
        changed = record_of(newest[0], (), fields).version
        count = self.count(dataset)
        told = "an unknown number of records" if count is None else f"{count:,} records"
        return True, f"{name}: {told}, newest change {changed}, {len(fields)} fields", ""

    def _keys(self, walk: Walk, state: State | None, *, gone: bool) -> Iterator[Page]:
        for rows, after, began in walk.pages(state):
            keys = tuple(Record(str(row["_id"]), _version(row), {}) for row in rows.rows if is_gone(row) == gone)
            yield Page(keys, after, began)

    def _query(self, dataset: DatasetOptions, fields: Mapping[str, Field], *names: str) -> Query:
        always = ["_id", CHANGED, *(name for name in _LIFE if name in fields)]
        return Query(self._object(dataset), (), tuple(dict.fromkeys([*always, *names])), self.settings.page_size)

    def _object(self, dataset: DatasetOptions) -> str:
        if dataset.object is None:
            raise BadMappingError(
                f"company.yml, source {self.source}",
                seen="a dataset without `object`",
                expected="the API name of an object, such as AccountObj or object_ab12c__c",
                next_step="add `object` to the dataset in company.yml",
            )
        return dataset.object

    def _described(self, dataset: DatasetOptions) -> Mapping[str, Field]:
        """Return the fields of a dataset's object; its description is asked for once."""
        name = self._object(dataset)
        with self._lock:
            known = self._fields.get(name)
        if known is not None:
            return known
        objects = self.objects()
        if name not in objects:
            raise self._no_object(name, objects)
        # one page of the vendor's manual has the name inside `data`, another beside it
        asked = {"apiName": name, "includeDetail": False, "data": {"apiName": name}}
        described = self.calls.ask("/cgi/crm/v2/object/describe", asked, _description_of, about=name)
        fields = read_fields(described, zone=ZoneInfo(self.settings.timezone))
        with self._lock:
            return self._fields.setdefault(name, fields)

    def _no_object(self, name: str, objects: Mapping[str, str]) -> MissingTableError:
        of_kind = [each for each in objects if is_custom(each) == is_custom(name)]
        close = get_close_matches(name, of_kind, n=1) or [each for each in objects if objects[each] == name]
        hint = f" (did you mean {close[0]}?)" if close else ""
        return MissingTableError(
            f"source {self.source}, object {name}",
            seen="no object of that API name that is switched on" + hint,
            expected="one that the tenant has; it has " + ", ".join(sorted(objects)[:40]),
            next_step="correct `object` in company.yml, or have the object switched on in the CRM",
        )


def _version(row: Mapping[str, Any]) -> str | None:
    return record_of(row, (), {}).version


def _objects_of(told: Mapping[str, Any], _: Answer) -> Mapping[str, str]:
    data = told.get("data")
    listed = data.get("objects") if isinstance(data, dict) else None
    if not isinstance(listed, list):
        raise AgainError("an answer without objects")
    return {
        str(each["describeApiName"]): str(each.get("describeDisplayName") or "")
        for each in listed
        if isinstance(each, dict) and "describeApiName" in each and each.get("isActive") is not False
    }


def _description_of(told: Mapping[str, Any], _: Answer) -> Mapping[str, Any]:
    data = told.get("data")
    described = data.get("describe") if isinstance(data, dict) else None
    fields = described.get("fields") if isinstance(described, dict) else None
    if not isinstance(fields, dict):
        raise AgainError("an answer without fields")
    return fields
