"""A source's part of company.yml: its datasets, and how they become canonical entities."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr

from sources.mapping.contract import EXTRA, Contract
from sources.mapping.expressions import ColumnExpression, Condition, Expression, ExtraExpression, patterns_of
from sources.mapping.place import Path, SourcePlace
from warehouse.company import Kind


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) or value is None else [value]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DatasetOptions(_Strict):
    """One set of rows of a source: files of one shape, or a table or query.

    `mode` full: each extract is everything there is. `sweep`: whether every key is asked for, to see what is gone;
    unless said, where a live system is asked for its changes. `happened_at`: the column with the row's own date; rows
    later than the night's day wait for their night. `columns`: what must be there and is landed; without it,
    what the entities use. `new_columns`: what becomes of a column that appears later and that nothing is mapped to.
    """

    files: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = ()
    encoding: str = "utf-8"
    delimiter: str = Field(",", min_length=1, max_length=1)
    sheet: str | None = None
    object: str | None = None
    table: str | None = None
    query: str | None = None
    columns: tuple[str, ...] | None = None
    mode: Literal["append", "full"] | None = None
    cursor: str | None = None
    lookback_days: float = Field(1, ge=0)
    sweep: bool | None = None
    happened_at: str | None = None
    new_columns: Literal["keep", "tell"] | None = None


class EntityOptions(_Strict):
    """How a dataset becomes one canonical entity, but for its fields.

    `extra`: the company's own fields, by a name of its choice; they ride along in the column `extra`.
    """

    from_: str = Field(alias="from")
    optional: tuple[str, ...] = ()
    extra: dict[str, Any] = Field(default_factory=dict)
    where: Annotated[tuple[Condition, ...], BeforeValidator(_as_list)] = ()
    one_per_key: bool = False
    known_at: str | None = None
    fields: dict[str, Any] = Field(min_length=1)


class SourceOptions(_Strict):
    """The whole entry of a source. `settings` is what its kind wants to know besides, credentials never.

    `freshness_days`, `holds_mails` and `account_ids` are for the gates, the mails and the matching of accounts; here
    they are only names that are allowed.
    """

    name: str
    kind: Kind
    path: str | None = None
    url: str | None = None
    settings: dict[str, Any] = Field(default_factory=dict)
    quarantine_limit: float = Field(0.01, ge=0, le=1)
    vanish_limit: float = Field(0.05, ge=0, le=1)
    freshness_days: int | None = Field(None, ge=1)
    when_undelivered: Literal["carry", "stop"] = "carry"
    carry_days: int = Field(3, ge=1)
    holds_mails: bool | None = None
    account_ids: Literal["shared", "own"] = "shared"
    datasets: dict[str, DatasetOptions] = Field(min_length=1)
    entities: dict[str, EntityOptions] = Field(min_length=1)
    _place: SourcePlace | None = PrivateAttr(default=None)

    @property
    def place(self) -> SourcePlace:
        """Where this entry stands in its company.yml."""
        return self._place or SourcePlace(self.name)

    def placed(self, place: SourcePlace) -> SourceOptions:
        """Return these options, knowing where they stand."""
        options = self.model_copy()
        options._place = place
        return options


@dataclass(frozen=True)
class EntityMapping:
    """One entity of one source: its contract, and an expression for every column the source gives."""

    contract: Contract
    options: EntityOptions
    fields: dict[str, Expression | ExtraExpression]

    @property
    def entity(self) -> str:
        return self.contract.entity

    @property
    def may_keep(self) -> bool:
        """Say whether each row of the dataset is one of this entity, so that a new column tells of it."""
        return not self.options.one_per_key

    @property
    def dataset(self) -> str:
        return self.options.from_

    def keeping(self, columns: Sequence[str]) -> EntityMapping:
        """Return this entity with columns besides in `extra`; where the company has given a name to another, it stays.

        An entity of which the dataset has several rows is returned as it is: the column need not be about it.
        """
        if not self.may_keep:
            return self
        own = self.fields.get(EXTRA)
        parts: dict[str, Expression] = {column: ColumnExpression(column=column) for column in columns}
        if isinstance(own, ExtraExpression):
            parts |= own.parts
        return replace(self, fields=self.fields | {EXTRA: ExtraExpression(parts=parts)})

    def required(self) -> list[str]:
        """Return the columns that may not be empty here."""
        return [
            name
            for name, column in self.contract.columns.items()
            if column.required and name not in self.options.optional
        ]

    def columns(self) -> Iterator[str]:
        """Yield the source columns that this entity reads."""
        yield from (column for _, column in self.places_of_columns())

    def places_of_columns(self) -> Iterator[tuple[Path, str]]:
        """Yield the source columns that this entity reads, each after its place in the entity's options."""
        for place, part in self._parts():
            yield from ((place, column) for column in part.columns())
        if self.options.known_at is not None:
            yield ("known_at",), self.options.known_at

    def places_of_patterns(self) -> Iterator[tuple[Path, str]]:
        """Yield every regular expression of this entity after its place in the entity's options."""
        for place, part in self._parts():
            yield from ((place, pattern) for pattern in patterns_of(part))

    def _parts(self) -> Iterator[tuple[Path, Expression | ExtraExpression | Condition]]:
        for name, expression in self.fields.items():
            yield ("extra",) if name == EXTRA else ("fields", name), expression
        for number, condition in enumerate(self.options.where):
            yield ("where", number), condition


@dataclass(frozen=True)
class DatasetMapping:
    """One dataset of one source and the entities made of it.

    `columns` are the source columns that are landed, in order; the n-th is landed as cn, so that no name of a
    source has to be a name of ours. The last of them are `kept`: new ones, which nothing is mapped to; `mapped` is
    then the dataset without them.
    """

    name: str
    number: int
    options: DatasetOptions
    entities: tuple[EntityMapping, ...]
    kept: tuple[str, ...] = ()
    mapped: DatasetMapping | None = None

    @cached_property
    def columns(self) -> tuple[str, ...]:
        if self.mapped is not None:
            return (*self.mapped.columns, *self.kept)
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
        return self.options.cursor is None and self.options.object is None

    @property
    def is_swept(self) -> bool:
        """Say whether every key of the source is asked for, besides the rows that changed."""
        wanted = self.options.object is not None if self.options.sweep is None else self.options.sweep
        return wanted and not self.is_full

    @property
    def keeps_new_columns(self) -> bool:
        """Say whether new columns are kept: unless said, not beside columns that reach or judge a person."""
        if self.options.new_columns is not None:
            return self.options.new_columns == "keep"
        is_personal = any(column.personal for entity in self.entities for column in entity.contract.columns.values())
        return not is_personal and any(entity.may_keep for entity in self.entities)

    def keeping(self, columns: Sequence[str]) -> DatasetMapping:
        """Return this dataset with columns besides, which its entities keep in `extra` by the source's names."""
        if not columns:
            return self
        entities = tuple(entity.keeping(columns) for entity in self.entities)
        return replace(self, entities=entities, kept=tuple(columns), mapped=self)

    @property
    def table(self) -> str:
        """The name of the landing table."""
        return f"d{self.number}"

    @property
    def keys_table(self) -> str:
        """The name of the landing table of a sweep, with the key columns alone."""
        return f"k{self.number}"

    @cached_property
    def key_columns(self) -> tuple[str, ...]:
        """The source columns that the keys of the entities are made of."""
        used = {
            column
            for entity in self.entities
            for name in entity.contract.key
            for column in entity.fields[name].columns()
        }
        return tuple(column for column in self.columns if column in used)

    def landed_name(self, column: str) -> str:
        return f"c{self.columns.index(column) + 1}"

    @cached_property
    def fingerprint(self) -> str:
        """A hash of everything the mapping says of what a row becomes; when it changes, all is read again."""
        if self.mapped is not None:
            return self.mapped.fingerprint
        unsaid = {"new_columns"} if self.options.new_columns is None else None
        parts = {
            "dataset": self.options.model_dump(mode="json", exclude=unsaid),
            "entities": [
                [
                    entity.contract.model_dump(mode="json", exclude={"maps"}),
                    entity.options.model_dump(mode="json", exclude={"fields"}),
                ]
                + [[name, each.model_dump(mode="json")] for name, each in entity.fields.items()]
                for entity in self.entities
            ],
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class SourceMapping:
    """One source of a company, checked against the contracts."""

    options: SourceOptions
    datasets: tuple[DatasetMapping, ...]

    @property
    def name(self) -> str:
        return self.options.name

    @property
    def place(self) -> SourcePlace:
        """Where the source stands in its company.yml."""
        return self.options.place

    @property
    def entities(self) -> tuple[EntityMapping, ...]:
        return tuple(entity for dataset in self.datasets for entity in dataset.entities)
