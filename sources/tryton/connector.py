"""A Tryton as a source: any model that its clients may open, with the fields of what references lead to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sources.api.connector import Finding, Page, Record, SourceField, State
from sources.api.http import Http
from sources.api.id_walk import Conditions, IdWalk, Row
from sources.api.settings import read_settings
from sources.credentials import read_credentials
from sources.errors import MissingTableError
from sources.mapping.mapping import DatasetOptions, SourceOptions
from sources.tryton.access import Access
from sources.tryton.calls import Calls
from sources.tryton.paths import ColumnPath, asked_names, find_path
from sources.tryton.settings import TrytonCredentials, TrytonSettings
from sources.tryton.table import TrytonTable
from sources.tryton.values import plain, source_fields, tryton_moment
from warehouse.errors import Problem

_BEFORE_ALL = -1  # Tryton's own records may have the id 0
_STAMPS = ("write_date", "create_date")


def open_connector(
    options: SourceOptions, *, credentials_of: Mapping[str, str] | None, http: Http, tokens: Path
) -> TrytonConnector:
    """Return a connector to the Tryton of a source. Raises BadMappingError and SourceUnreachableError."""
    settings = read_settings(options, TrytonSettings)
    credentials = read_credentials(options.name, TrytonCredentials, credentials_of)
    calls = Calls(http, Access(options.name, settings, credentials, http, tokens))
    return TrytonConnector(http, settings, calls)


@dataclass(slots=True)
class TrytonConnector:
    """A Connector. Archived records are always read: hidden would look deleted."""

    http: Http
    settings: TrytonSettings
    calls: Calls
    key_column: str = "id"
    _described: dict[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)

    def objects(self) -> Mapping[str, str]:
        """Return the models with their labels, in the user's language."""
        # before Tryton 7.6 the name was `model`, and `name` the label
        name, label = ("name", "string") if "string" in self._fields_of("ir.model") else ("model", "name")
        walk = self._walk("ir.model", [])
        found = [row for page in walk.pages([name, label], _BEFORE_ALL) for row in page.rows]
        return {str(row[name]): str(row[label]) for row in sorted(found, key=lambda row: str(row[name]))}

    def fields(self, dataset: DatasetOptions) -> Mapping[str, SourceField]:
        """Return a model's fields by name. Raises MissingTableError when there is no such model."""
        return source_fields(self._fields_of(self._model(dataset)))

    def records(
        self, dataset: DatasetOptions, columns: tuple[str, ...], *, since: datetime | None, state: State | None
    ) -> Iterator[Page]:
        """Yield every record written since a moment, or all, in the order of ids; archived ones too.

        A record that was never changed has no write_date, but a create_date; one that has neither is read each time.
        """
        model = self._model(dataset)
        paths = [find_path(column, model, self._fields_of, thing=self.http.thing) for column in columns]
        stamps = [name for name in _STAMPS if name in self._fields_of(model)]
        # what the walk began with holds to its end
        start: str | None = state.get("since") if state is not None else since.isoformat() if since else None
        domain = self._domain(model)
        if start is not None and len(stamps) == len(_STAMPS):
            domain.append(_written_since(datetime.fromisoformat(start), self.settings.written_with.get(model, [])))
        names = list(dict.fromkeys(["id", *stamps, *asked_names(paths)]))
        for page in self._walk(model, domain).pages(names, _after(state)):
            records = tuple(_record(row, paths, stamps) for row in page.rows)
            yield Page(records, {"after": page.last, "since": start}, page.answered_at)

    def deleted(
        self,
        dataset: DatasetOptions,  # noqa: ARG002 - a Connector's deleted takes these
        *,
        since: datetime,  # noqa: ARG002
        state: State | None,  # noqa: ARG002
    ) -> Iterator[Page] | None:
        """Return None: Tryton tells nobody what was deleted, so only a sweep of the keys sees it."""
        return None

    def keys(self, dataset: DatasetOptions, *, state: State | None) -> Iterator[Page]:
        """Yield every id there is now."""
        model = self._model(dataset)
        for ids, answered_at in self._walk(model, self._domain(model)).ids(_after(state)):
            yield Page(tuple(Record(str(each), None, {}) for each in ids), {"after": ids[-1]}, answered_at)

    def count(self, dataset: DatasetOptions) -> int:
        """Return how many records there are."""
        model = self._model(dataset)
        return TrytonTable(self.calls, self.http.thing, model).count(self._domain(model))

    def test(self, datasets: Mapping[str, DatasetOptions]) -> Iterator[Finding]:
        """Yield what works and what does not: the login, then each dataset's model and its newest change."""
        try:
            self.calls.greet()
        except Problem as problem:
            yield Finding("credentials", False, problem.seen, problem.next_step)
            return
        yield Finding("credentials", True, "accepted")
        for name, dataset in datasets.items():
            try:
                yield self._looked_at(f"dataset {name}", dataset)
            except Problem as problem:
                yield Finding(f"dataset {name}", False, problem.seen, problem.next_step)

    def usage(self) -> str:
        """Return how much was asked; Tryton limits logins only."""
        logins = self.calls.access.shared.asked_count
        waited = f"{self.http.waited_seconds:.0f} s of waiting"
        return f"{self.http.request_count:,} requests, {logins} of them to log in, {waited}"

    def close(self) -> None:
        """Give back connections. The session stays, for the next process."""
        self.http.close()

    def _looked_at(self, what: str, dataset: DatasetOptions) -> Finding:
        model = self._model(dataset)
        told = f"{self.count(dataset):,} records of {model}"
        if not set(_STAMPS) <= set(self._fields_of(model)):
            return Finding(what, True, f"{told}; it has no write_date, so all of it is read every night")
        newest = [
            row[stamp]
            for stamp in _STAMPS
            for row in self._newest(model, stamp)
            if row[stamp] is not None
        ]  # fmt: skip
        at = max((str(plain(each)) for each in newest), default=None)
        return Finding(what, True, told + (f", the newest change at {at[:19].replace('T', ' ')} UTC" if at else ""))

    def _newest(self, model: str, stamp: str) -> list[Row]:
        order = [[stamp, "DESC NULLS LAST"]]
        found: list[Row] = self.calls.call(model, "search_read", self._domain(model), 0, 1, order, [stamp]).value
        return found

    def _model(self, dataset: DatasetOptions) -> str:
        if dataset.object is None:
            raise MissingTableError(
                self.http.thing,
                seen="a dataset without an object",
                expected="the name of a model, such as party.party",
                next_step="add `object` to the dataset in company.yml",
            )
        return dataset.object

    def _fields_of(self, model: str) -> Mapping[str, Mapping[str, Any]]:
        if model not in self._described:
            self._described[model] = self.calls.call(model, "fields_get", []).value
        return self._described[model]

    def _domain(self, model: str) -> Conditions:
        """Return the conditions of the settings as one clause, since AND or OR may stand before them."""
        domain = self.settings.domains.get(model)
        return [domain] if domain else []

    def _walk(self, model: str, domain: Conditions) -> IdWalk:
        table = TrytonTable(self.calls, self.http.thing, model)
        return IdWalk(table, domain, self.settings.page_size, self.settings.concurrency)


def _after(state: State | None) -> int:
    return _BEFORE_ALL if state is None else int(state["after"])


def _written_since(since: datetime, written_with: Sequence[str]) -> Conditions:
    moment = tryton_moment(since)
    never_written = [["write_date", "=", None], ["OR", ["create_date", ">=", moment], ["create_date", "=", None]]]
    with_others = [[f"{reference}.write_date", ">=", moment] for reference in written_with]
    return ["OR", ["write_date", ">=", moment], never_written, *with_others]


def _record(row: Row, paths: list[ColumnPath], stamps: list[str]) -> Record:
    """Return a row of search_read as a record; its version is when it was last written, else when it was made."""
    version = next((plain(row[stamp]) for stamp in stamps if row[stamp] is not None), None)
    return Record(str(row["id"]), version, {path.column: path.value(row) for path in paths})
