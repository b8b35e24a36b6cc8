"""An Odoo as a source: any model, through whichever door its version has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sources.api.connector import Finding, Page, Record, SourceField, State
from sources.api.http import Http
from sources.api.id_walk import Conditions, IdWalk
from sources.api.settings import read_settings
from sources.credentials import read_credentials
from sources.errors import MissingTableError
from sources.mapping.mapping import DatasetOptions, SourceOptions
from sources.odoo import tracking
from sources.odoo.doors import Door, open_door
from sources.odoo.references import references
from sources.odoo.settings import OdooCredentials, OdooSettings
from sources.odoo.table import OdooTable
from sources.odoo.values import ATTRIBUTES, LABEL, odoo_moment, plain_record, source_fields
from sources.tables import find_columns
from warehouse.errors import Problem


def open_connector(
    options: SourceOptions,
    *,
    credentials_of: Mapping[str, str] | None,
    http: Http,
    tokens: Path,  # noqa: ARG001 - Odoo has none to share
) -> OdooConnector:
    """Return a connector to the Odoo of a source. Raises BadMappingError and SourceUnreachableError."""
    settings = read_settings(options, OdooSettings)
    return OdooConnector(http, settings, read_credentials(options.name, OdooCredentials, credentials_of))


@dataclass(slots=True)
class OdooConnector:
    """A Connector. Archived records are always read: a lost lead is archived, and hidden would look deleted."""

    http: Http
    settings: OdooSettings
    credentials: OdooCredentials
    key_column: str = "id"
    _door: Door | None = None
    _described: dict[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)

    @property
    def door(self) -> Door:
        """The way in; the first time it is wanted the server is asked for its version, unless the settings say it."""
        if self._door is None:
            self._door = open_door(self.http, self.settings, self.credentials)
        return self._door

    def objects(self) -> Mapping[str, str]:
        """Return the models with their labels, in the user's language. Wizards' models are left out."""
        walk = self._walk("ir.model", [["transient", "=", False]])
        found = [row for page in walk.pages(["model", "name"], 0) for row in page.rows]
        return {str(row["model"]): str(row["name"]) for row in sorted(found, key=lambda row: str(row["model"]))}

    def fields(self, dataset: DatasetOptions) -> Mapping[str, SourceField]:
        """Return a model's fields by name. Raises MissingTableError when there is no such model."""
        model = self._model(dataset)
        return tracking.FIELDS if model == tracking.MODEL else source_fields(self._fields_of(model))

    def records(
        self, dataset: DatasetOptions, columns: tuple[str, ...], *, since: datetime | None, state: State | None
    ) -> Iterator[Page]:
        """Yield every record written since a moment, or all, in the order of ids; archived ones too.

        A model without a write_date is read whole each time, and its records have no version.
        """
        model = self._model(dataset)
        fields = self._fields_of(model)
        find_columns(list(self.fields(dataset)), _heads(columns), thing=f"{self.http.thing}, model {model}")
        # what the walk began with holds to its end
        start = state.get("since") if state is not None else since and odoo_moment(since)
        domain = list(self.settings.domains.get(model, []))
        if start is not None and "write_date" in fields:
            domain += ["|", ["write_date", ">=", start], ["write_date", "=", False]]
        walk = self._walk(model, domain)
        after = int(state["after"]) if state is not None else 0
        if model == tracking.MODEL:
            reader = tracking.TrackingReader(self._walk, fields)
            names, made = reader.wanted(), reader.records
        else:
            known = source_fields(fields)
            names = _names(columns, known, "write_date" in fields)
            leading = references(columns, fields, self._fields_of, self._walk, thing=walk.table.thing)

            def made(rows: Any) -> list[Record]:
                records = [plain_record(row, known) for row in rows]
                for reference in leading:
                    records = reference.fill(records)
                return records

        for page in walk.pages(names, after):
            yield Page(tuple(made(page.rows)), {"after": page.last, "since": start}, page.answered_at)

    def deleted(
        self,
        dataset: DatasetOptions,  # noqa: ARG002 - a Connector's deleted takes these
        *,
        since: datetime,  # noqa: ARG002
        state: State | None,  # noqa: ARG002
    ) -> Iterator[Page] | None:
        """Return None: Odoo keeps nothing of a deleted record, so only a sweep of the keys sees it."""
        return None

    def keys(self, dataset: DatasetOptions, *, state: State | None) -> Iterator[Page]:
        """Yield every id there is now."""
        model = self._model(dataset)
        walk = self._walk(model, self.settings.domains.get(model, []))
        for ids, answered_at in walk.ids(int(state["after"]) if state is not None else 0):
            yield Page(tuple(Record(str(each), None, {}) for each in ids), {"after": ids[-1]}, answered_at)

    def count(self, dataset: DatasetOptions) -> int:
        """Return how many records there are."""
        model = self._model(dataset)
        return int(self._call(model, "search_count", domain=self.settings.domains.get(model, [])))

    def test(self, datasets: Mapping[str, DatasetOptions]) -> Iterator[Finding]:
        """Yield what works and what does not: the way in, then each dataset's model and its newest change."""
        try:
            self.door.greet()
        except Problem as problem:
            yield Finding("credentials", False, problem.seen, problem.next_step)
            return
        yield Finding("credentials", True, f"accepted, through {self.door.name}")
        for name, dataset in datasets.items():
            try:
                yield self._looked_at(f"dataset {name}", dataset)
            except Problem as problem:
                yield Finding(f"dataset {name}", False, problem.seen, problem.next_step)

    def usage(self) -> str:
        """Return how much was asked; Odoo publishes no limits."""
        return f"{self.http.request_count:,} requests, {self.http.waited_seconds:.0f} s of waiting"

    def close(self) -> None:
        """Give back connections."""
        self.http.close()

    def _looked_at(self, what: str, dataset: DatasetOptions) -> Finding:
        model = self._model(dataset)
        told = f"{self.count(dataset):,} records of {model}"
        if "write_date" not in self._fields_of(model):
            return Finding(what, True, f"{told}; it has no write_date, so all of it is read every night")
        newest = self._call(
            model,
            "search_read",
            domain=self.settings.domains.get(model, []),
            fields=["write_date"],
            order="write_date desc",
            limit=1,
        )
        return Finding(what, True, told + (f", the newest change at {newest[0]['write_date']} UTC" if newest else ""))

    def _model(self, dataset: DatasetOptions) -> str:
        if dataset.object is None:
            raise MissingTableError(
                self.http.thing,
                seen="a dataset without an object",
                expected="the name of a model, such as res.partner",
                next_step="add `object` to the dataset in company.yml",
            )
        return dataset.object

    def _fields_of(self, model: str) -> Mapping[str, Mapping[str, Any]]:
        if model not in self._described:
            self._described[model] = self._call(model, "fields_get", attributes=ATTRIBUTES)
        return self._described[model]

    def _walk(self, model: str, domain: Conditions | None = None) -> IdWalk:
        table = OdooTable(self.door, self.http.thing, model, self._context)
        return IdWalk(table, domain or [], self.settings.page_size, self.settings.concurrency)

    @property
    def _context(self) -> dict[str, Any]:
        language = {"lang": self.settings.language} if self.settings.language else {}
        return {"active_test": False} | language

    def _call(self, model: str, method: str, **arguments: Any) -> Any:
        return self.door.call(model, method, **arguments, context=self._context).value


def _heads(columns: tuple[str, ...]) -> list[str]:
    """Return the fields that paths such as partner_id.name begin with."""
    return list(dict.fromkeys(column.partition(".")[0] for column in columns))


def _names(columns: tuple[str, ...], known: Mapping[str, SourceField], has_version: bool) -> list[str]:
    """Return the names to ask Odoo for: a selection's label is made here, of its code."""
    wanted = ["id", *(["write_date"] if has_version else []), *_heads(columns)]
    return list(dict.fromkeys(
        name.removesuffix(LABEL) if known[name].source_type == "label" else name for name in wanted
    ))  # fmt: skip
