"""A source's part of company.yml: its datasets, and how they become canonical entities."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from sources.contract import Contract, contracts_by_entity
from sources.expressions import Condition, Expression, parse_expression
from warehouse.company import Company
from warehouse.errors import Problem


class BadMappingError(Problem):
    """A source of company.yml asks for something that is not there, or leaves out what it must give."""


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) or value is None else [value]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DatasetOptions(_Strict):
    """One set of rows of a source: files of one shape, or a table or query.

    `mode` full: each extract is everything there is. `happened_at`: the column with the row's own date; rows
    later than the night's day wait for their night. `columns`: what must be there and is landed; without it,
    what the entities use.
    """

    files: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = ()
    encoding: str = "utf-8"
    delimiter: str = Field(",", min_length=1, max_length=1)
    sheet: str | None = None
    table: str | None = None
    query: str | None = None
    columns: tuple[str, ...] | None = None
    mode: Literal["append", "full"] | None = None
    cursor: str | None = None
    lookback_days: float = Field(1, ge=0)
    happened_at: str | None = None


class EntityOptions(_Strict):
    """How a dataset becomes one canonical entity, but for its fields."""

    from_: str = Field(alias="from")
    optional: tuple[str, ...] = ()
    where: Annotated[tuple[Condition, ...], BeforeValidator(_as_list)] = ()
    one_per_key: bool = False
    known_at: str | None = None
    fields: dict[str, Any] = Field(min_length=1)


class SourceOptions(_Strict):
    """The whole entry of a source."""

    name: str
    kind: Literal["files", "erp_database"]
    path: str | None = None
    url: str | None = None
    quarantine_limit: float = Field(0.01, ge=0, le=1)
    datasets: dict[str, DatasetOptions] = Field(min_length=1)
    entities: dict[str, EntityOptions] = Field(min_length=1)


@dataclass(frozen=True)
class EntityMapping:
    """One entity of one source: its contract, and an expression for every column the source gives."""

    contract: Contract
    options: EntityOptions
    fields: dict[str, Expression]

    @property
    def entity(self) -> str:
        return self.contract.entity

    @property
    def dataset(self) -> str:
        return self.options.from_

    def required(self) -> list[str]:
        """Return the columns that may not be empty here."""
        return [
            name
            for name, column in self.contract.columns.items()
            if column.required and name not in self.options.optional
        ]

    def columns(self) -> Iterator[str]:
        """Yield the source columns that this entity reads."""
        for expression in self.fields.values():
            yield from expression.columns()
        for condition in self.options.where:
            yield from condition.columns()
        if self.options.known_at is not None:
            yield self.options.known_at


@dataclass(frozen=True)
class DatasetMapping:
    """One dataset of one source and the entities made of it.

    `columns` are the source columns that are landed, in order; the n-th is landed as cn, so that no name of a
    source has to be a name of ours.
    """

    name: str
    number: int
    options: DatasetOptions
    entities: tuple[EntityMapping, ...]

    @cached_property
    def columns(self) -> tuple[str, ...]:
        if self.options.columns is not None:
            return self.options.columns
        used = [column for entity in self.entities for column in entity.columns()]
        ours = [name for name in (self.options.happened_at, self.options.cursor) if name is not None]
        return tuple(dict.fromkeys([*used, *ours]))

    @property
    def is_full(self) -> bool:
        """Say whether each extract is everything the source has."""
        if self.options.mode is not None:
            return self.options.mode == "full"
        return self.options.cursor is None

    @property
    def table(self) -> str:
        """The name of the landing table."""
        return f"d{self.number}"

    def landed_name(self, column: str) -> str:
        return f"c{self.columns.index(column) + 1}"

    @cached_property
    def fingerprint(self) -> str:
        """A hash of everything here that decides what a row becomes; when it changes, all is read again."""
        parts = {
            "dataset": self.options.model_dump(mode="json"),
            "entities": [
                [entity.contract.model_dump(mode="json"), entity.options.model_dump(mode="json", exclude={"fields"})]
                + [[name, each.model_dump(mode="json")] for name, each in entity.fields.items()]
                for entity in self.entities
            ],
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class SourceMapping:
    """One source of a company, checked against the contracts."""

    company_file: str
    options: SourceOptions
    datasets: tuple[DatasetMapping, ...]

    @property
    def name(self) -> str:
        return self.options.name

    @property
    def entities(self) -> tuple[EntityMapping, ...]:
        return tuple(entity for dataset in self.datasets for entity in dataset.entities)


def read_mapping(company: Company, source: str) -> SourceMapping:
    """Return a source's mapping. Raises UnknownSourceError, BadMappingError."""
    entry = company.source(source)
    reader = _Reader(str(company.folder / "company.yml"), source)
    try:
        options = SourceOptions.model_validate(entry.model_dump())
    except ValidationError as error:
        raise reader.wrong("", seen=_said(error), expected="the vocabulary of docs/company.md") from error
    return reader.mapping(options)


def _said(error: ValueError) -> str:
    """Return what a validation found, without the values it found it in."""
    if isinstance(error, ValidationError):
        return "; ".join(
            ".".join(map(str, each["loc"])) + ": " * bool(each["loc"]) + each["msg"].removeprefix("Value error, ")
            for each in error.errors(include_input=False, include_url=False)
        )
    return str(error)


def _like(name: str, known: Iterable[str]) -> str:
    """Return a hint at the known name that looks most like `name`."""
    close = get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""


@dataclass(frozen=True, slots=True)
class _Reader:
    """Checks one source's options; every problem it finds names the file, the source and the place in it."""

    file: str
    source: str

    def wrong(self, place: str, *, seen: str, expected: str, next_step: str = "") -> BadMappingError:
        where = f"{self.file}, source {self.source}" + (f", {place}" if place else "")
        return BadMappingError(
            where, seen=seen, expected=expected, next_step=next_step or f"correct this place in {self.file}"
        )

    def mapping(self, options: SourceOptions) -> SourceMapping:
        contracts = contracts_by_entity()
        entities = [self._entity(name, each, options, contracts) for name, each in options.entities.items()]
        datasets = []
        for number, (name, dataset) in enumerate(options.datasets.items(), start=1):
            self._check_dataset(name, dataset, options.kind)
            made_of_it = tuple(entity for entity in entities if entity.dataset == name)
            if not made_of_it:
                raise self.wrong(f"dataset {name}", seen="no entity is made of it", expected="at least one entity")
            datasets.append(DatasetMapping(name, number, dataset, made_of_it))
        for dataset_mapping in datasets:
            self._check_columns(dataset_mapping)
        return SourceMapping(self.file, options, tuple(datasets))

    def _entity(
        self, name: str, options: EntityOptions, source: SourceOptions, contracts: dict[str, Contract]
    ) -> EntityMapping:
        place = f"entity {name}"
        contract = contracts.get(name)
        if contract is None:
            known = f"one of: {', '.join(contracts)}"
            raise self.wrong(place, seen="no such entity" + _like(name, contracts), expected=known)
        if options.from_ not in source.datasets:
            raise self.wrong(
                f"{place}, from",
                seen=f"dataset {options.from_}, which the source does not have" + _like(options.from_, source.datasets),
                expected=f"one of: {', '.join(source.datasets)}",
            )
        for field in (*options.fields, *options.optional):
            if field not in contract.columns:
                raise self.wrong(
                    f"{place}, field {field}",
                    seen=f"{name} has no such field" + _like(field, contract.columns),
                    expected=f"one of: {', '.join(contract.columns)}",
                )
        fields = {field: self._expression(place, field, raw) for field, raw in options.fields.items()}
        entity = EntityMapping(contract, options, fields)
        for field in (*entity.required(), *contract.key):
            if field not in fields:
                raise self.wrong(
                    f"{place}, field {field}",
                    seen="it is not given",
                    expected="an expression: every row of this entity needs it",
                    next_step="give the field"
                    + ("" if field in contract.key else f", or add it to `optional` if the source lacks it ({self.file})"),
                )
        for field, expression in fields.items():
            if expression.aggregate is not None and not options.one_per_key:
                raise self.wrong(
                    f"{place}, field {field}",
                    seen=f"aggregate: {expression.aggregate}",
                    expected="aggregates only where the entity says one_per_key: true",
                )
        return entity

    def _expression(self, place: str, field: str, raw: Any) -> Expression:
        try:
            return parse_expression(raw)
        except ValueError as error:
            raise self.wrong(
                f"{place}, field {field}",
                seen=_said(error),
                expected="a column, or one of {column: …}, {value: …}, {hash: […]}, {multiply|add|subtract: […]}",
            ) from error

    def _check_dataset(self, name: str, dataset: DatasetOptions, kind: str) -> None:
        place = f"dataset {name}"
        if kind == "files" and (not dataset.files or dataset.table or dataset.query or dataset.mode is None):
            raise self.wrong(
                place,
                seen="files: " + (", ".join(dataset.files) or "none") + f"; mode: {dataset.mode or 'none'}",
                expected="`files` with at least one pattern, `mode: append` or `mode: full`, no table and no query",
            )
        if kind == "erp_database" and (dataset.files or (dataset.table is None) == (dataset.query is None)):
            raise self.wrong(
                place,
                seen="both or neither of table and query, or files",
                expected="exactly one of `table` and `query`, no files",
            )
        if dataset.table is not None and not 1 <= len(dataset.table.split(".")) <= 2:  # noqa: PLR2004
            raise self.wrong(place, seen=f"table: {dataset.table}", expected="table or schema.table")

    def _check_columns(self, dataset: DatasetMapping) -> None:
        known = dataset.columns
        if len(set(known)) != len(known):
            raise self.wrong(f"dataset {dataset.name}, columns", seen="a column twice", expected="each column once")
        for word in ("happened_at", "cursor"):
            column = getattr(dataset.options, word)
            if column is not None and column not in known:
                raise self._unknown_column(f"dataset {dataset.name}, {word}", column, known)
        for entity in dataset.entities:
            for field, expression in entity.fields.items():
                for column in expression.columns():
                    if column not in known:
                        raise self._unknown_column(f"entity {entity.entity}, field {field}", column, known)
            for column in entity.columns():
                if column not in known:
                    raise self._unknown_column(f"entity {entity.entity}", column, known)

    def _unknown_column(self, place: str, column: str, known: tuple[str, ...]) -> BadMappingError:
        return self.wrong(
            place,
            seen=f"column {column}, which the dataset does not list" + _like(column, known),
            expected=f"one of: {', '.join(known)}",
            next_step=f"correct the name, or add it to the dataset's `columns` in {self.file}",
        )
