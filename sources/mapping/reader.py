"""Reads a source's part of company.yml and refuses what cannot work, before anything is extracted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from sources.mapping.contract import EXTRA, Contract, contracts_by_entity
from sources.mapping.expressions import Expression, ExtraExpression, parse_expression
from sources.mapping.mapping import (
    DatasetMapping,
    DatasetOptions,
    EntityMapping,
    EntityOptions,
    SourceMapping,
    SourceOptions,
)
from sources.mapping.place import Path, SourcePlace
from warehouse.company import Company
from warehouse.errors import Problem

# Keys of a dataset that only the other kind of source understands.
_OF_FILES = frozenset({"files", "encoding", "delimiter", "sheet"})
_IDLE_KEYS = {
    "files": frozenset({"cursor", "lookback_days", "table", "query", "object", "sweep"}),
    "erp_database": _OF_FILES | {"object"},
}
_IDLE_KEYS_OF_A_SYSTEM = _OF_FILES | {"table", "query", "cursor"}


class BadMappingError(Problem):
    """A source of company.yml asks for something that is not there, or leaves out what it must give."""


def read_mapping(company: Company, source: str) -> SourceMapping:
    """Return a source's mapping. Raises UnknownSourceError, BadMappingError."""
    entry = company.source(source)
    reader = _Reader(SourcePlace(source, str(company.file), company.lines, company.sources.index(entry)))
    try:
        options = SourceOptions.model_validate(entry.model_dump())
    except ValidationError as error:
        raise reader.invalid((), error, expected="the vocabulary of docs/company.md") from error
    return reader.mapping(options.placed(reader.place))


def _like(name: str, known: Iterable[str]) -> str:
    """Return a hint at the known name that looks most like `name`."""
    close = get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""


@dataclass(frozen=True, slots=True)
class _Reader:
    """Checks one source's options; every problem it finds names the file, the line, the source and the place in it."""

    place: SourcePlace

    def wrong(self, *path: str | int, seen: str, expected: str, next_step: str = "") -> BadMappingError:
        return BadMappingError(
            self.place.at(*path),
            seen=seen,
            expected=expected,
            next_step=next_step or f"correct this place in {self.place.file}",
        )

    def invalid(self, path: Path, error: ValueError, *, expected: str) -> BadMappingError:
        """Return what a validation found below a place, each with its line and without the values it found it in."""
        if not isinstance(error, ValidationError):
            return self.wrong(*path, seen=str(error), expected=expected)
        found = error.errors(include_input=False, include_url=False, include_context=False)
        lines = [self.place.line_of(*path, *each["loc"]) for each in found]
        said = [
            ".".join(map(str, each["loc"])) + ": " * bool(each["loc"]) + each["msg"].removeprefix("Value error, ")
            for each in found
        ]
        if len(said) > 1:
            said = [f"{each} (line {line})" for each, line in zip(said, lines, strict=True)]
        return BadMappingError(
            self.place.at(*path, line=lines[0]),
            seen="; ".join(said),
            expected=expected,
            next_step=f"correct this place in {self.place.file}",
        )

    def mapping(self, options: SourceOptions) -> SourceMapping:
        contracts = contracts_by_entity()
        entities = [self._entity(name, each, options, contracts) for name, each in options.entities.items()]
        datasets = []
        for number, (name, dataset) in enumerate(options.datasets.items(), start=1):
            self._check_dataset(name, dataset, options.kind)
            made_of_it = tuple(entity for entity in entities if entity.dataset == name)
            if not made_of_it:
                raise self.wrong("datasets", name, seen="no entity is made of it", expected="at least one entity")
            datasets.append(DatasetMapping(name, number, dataset, made_of_it))
        for dataset_mapping in datasets:
            self._check_columns(dataset_mapping)
            if dataset_mapping.keeps_new_columns and not any(each.may_keep for each in dataset_mapping.entities):
                raise self.wrong(
                    "datasets",
                    dataset_mapping.name,
                    "new_columns",
                    seen="keep, and only entities that say one_per_key",
                    expected="an entity that each row is one of, as new columns are kept in its `extra`",
                    next_step=f"leave `new_columns` out, or map what is new under `extra` ({self.place.file})",
                )
        return SourceMapping(options, tuple(datasets))

    def _entity(
        self, name: str, options: EntityOptions, source: SourceOptions, contracts: dict[str, Contract]
    ) -> EntityMapping:
        place = ("entities", name)
        contract = contracts.get(name)
        if contract is None:
            known = f"one of: {', '.join(contracts)}"
            raise self.wrong(*place, seen="no such entity" + _like(name, contracts), expected=known)
        if options.from_ not in source.datasets:
            raise self.wrong(
                *place,
                "from",
                seen=f"dataset {options.from_}, which the source does not have" + _like(options.from_, source.datasets),
                expected=f"one of: {', '.join(source.datasets)}",
            )
        known_fields = [name for name in contract.columns if name != EXTRA]
        for field in (*options.fields, *options.optional):
            if field not in known_fields:
                raise self.wrong(
                    *place,
                    "fields" if field in options.fields else "optional",
                    field,
                    seen=f"{name} has no such field" + _like(field, known_fields),
                    expected=f"one of: {', '.join(known_fields)}" + "; a field of your own goes under `extra`",
                )
        # in the contract's order, so that a row that breaks several rules always breaks the same one first
        fields: dict[str, Expression | ExtraExpression] = {
            field: self._expression((*place, "fields", field), options.fields[field])
            for field in contract.columns
            if field in options.fields
        }
        if options.extra:
            own = {field: self._expression((*place, "extra", field), raw) for field, raw in options.extra.items()}
            fields[EXTRA] = ExtraExpression(parts=own)
        entity = EntityMapping(contract, options, fields)
        for field in (*entity.required(), *contract.key):
            if field not in fields:
                raise self.wrong(
                    *place,
                    "fields",
                    field,
                    seen="it is not given",
                    expected="an expression: every row of this entity needs it",
                    next_step="give the field"
                    + (
                        ""
                        if field in contract.key
                        else f", or add it to `optional` if the source lacks it ({self.place.file})"
                    ),
                )
        for field, expression in fields.items():
            if expression.aggregate is not None and not options.one_per_key:
                raise self.wrong(
                    *place,
                    "fields",
                    field,
                    seen=f"aggregate: {expression.aggregate}",
                    expected="aggregates only where the entity says one_per_key: true",
                )
        return entity

    def _expression(self, path: Path, raw: Any) -> Expression:
        try:
            return parse_expression(raw)
        except ValueError as error:
            expected = "a column, or one of {column: …}, {value: …}, {hash: […]}, {multiply|add|subtract: […]}"
            raise self.invalid(path, error, expected=expected) from error

    def _check_dataset(self, name: str, dataset: DatasetOptions, kind: str) -> None:
        place = ("datasets", name)
        if kind == "files" and (not dataset.files or dataset.table or dataset.query or dataset.mode is None):
            raise self.wrong(
                *place,
                seen="files: " + (", ".join(dataset.files) or "none") + f"; mode: {dataset.mode or 'none'}",
                expected="`files` with at least one pattern, `mode: append` or `mode: full`, no table and no query",
            )
        if kind == "erp_database" and (dataset.files or (dataset.table is None) == (dataset.query is None)):
            raise self.wrong(
                *place,
                seen="both or neither of table and query, or files",
                expected="exactly one of `table` and `query`, no files",
            )
        if kind not in _IDLE_KEYS and not dataset.object:
            raise self.wrong(*place, seen="no object", expected="`object`: what the system calls this kind of record")
        idle = _IDLE_KEYS.get(kind, _IDLE_KEYS_OF_A_SYSTEM) & dataset.model_fields_set
        if idle:
            raise self.wrong(
                *place,
                seen=f"{', '.join(sorted(idle))}, which a source of kind {kind} has no use for",
                expected="only keys that do something",
            )
        if dataset.cursor is not None and dataset.mode == "full":
            raise self.wrong(
                *place,
                seen="mode: full together with a cursor",
                expected="one of them: what is read since the cursor is not everything the source has",
            )
        if dataset.table is not None and not 1 <= len(dataset.table.split(".")) <= 2:  # noqa: PLR2004
            raise self.wrong(*place, "table", seen=f"table: {dataset.table}", expected="table or schema.table")

    def _check_columns(self, dataset: DatasetMapping) -> None:
        known = dataset.columns
        if len(set(known)) != len(known):
            raise self.wrong("datasets", dataset.name, "columns", seen="a column twice", expected="each column once")
        for word in ("happened_at", "cursor"):
            column = getattr(dataset.options, word)
            if column is not None and column not in known:
                raise self._unknown_column(("datasets", dataset.name, word), column, known)
        for entity in dataset.entities:
            for place, column in entity.places_of_columns():
                if column not in known:
                    raise self._unknown_column(("entities", entity.entity, *place), column, known)

    def _unknown_column(self, path: Path, column: str, known: tuple[str, ...]) -> BadMappingError:
        return self.wrong(
            *path,
            seen=f"column {column}, which the dataset does not list" + _like(column, known),
            expected=f"one of: {', '.join(known)}",
            next_step=f"correct the name, or add it to the dataset's `columns` in {self.place.file}",
        )
