"""Writes a first mapping of a live system, from what the contracts know of its kind and what the system has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from sources.api.connector import SourceField
from sources.mapping.contract import EXTRA, Contract, SystemKind, SystemObject, load_contracts
from sources.mapping.expressions import ColumnExpression, Condition, Expression
from sources.mapping.yaml_lines import comment, flow, item, slug

Available = Mapping[str, Mapping[str, SourceField]]
"""What a system has: its fields by name, by object."""

_KEYS: Mapping[SystemKind, str] = {"zoho_crm": "id", "fxiaoke": "_id", "odoo": "id", "tryton": "id"}
_CREATED: Mapping[SystemKind, str] = {
    "zoho_crm": "Created_Time",
    "fxiaoke": "create_time",
    "odoo": "create_date",
    "tryton": "create_date",
}
# what others point to comes first
_FIRST = ("accounts", "account_managers", "contacts", "products", "orders", "order_lines", "invoices", "payments")


@dataclass(slots=True)
class _Dataset:
    """An object that is read, and the entities made of it."""

    object: str
    is_swept: bool
    entities: list[_Entity] = field(default_factory=list)


@dataclass(slots=True)
class _Entity:
    """One entity as far as the system has its fields. `looked_for`: the fields of a column that it has not."""

    contract: Contract
    given: SystemObject
    fields: dict[str, Expression] = field(default_factory=dict)
    where: list[Condition] = field(default_factory=list)
    known_at: str | None = None
    looked_for: dict[str, str] = field(default_factory=dict)

    @property
    def optional(self) -> list[str]:
        return [name for name, column in self.contract.columns.items() if column.required and name not in self.fields]


def first_mapping(
    kind: SystemKind, available: Available, *, name: str | None = None, settings: Mapping[str, Any] | None = None
) -> str:
    """Return the entry of a source for company.yml, to stand under `sources:`, with comments on what to look at.

    Only fields that the system has are mapped. An entity stands once in a source, so what the kind keeps in
    several objects (calls and meetings) gives further entries. Fields of the company's own are suggested as `extra`.
    `name` is the source's, the kind's own unless given.
    """
    entries: list[list[_Dataset]] = []
    lacking: list[str] = []
    for contract in sorted(load_contracts(), key=_rank):
        found = 0
        for given in contract.maps.get(kind, ()):
            entity = _entity(kind, contract, given, available.get(given.object, {}))
            if set(contract.key) <= set(entity.fields):
                entries.extend([[]] * (found + 1 - len(entries)))
                _place(entries[found], entity, is_swept=_paths([entity.fields[contract.key[0]]]) == {_KEYS[kind]})
                found += 1
        if not found:
            objects = ", ".join(each.object for each in contract.maps.get(kind, ()))
            lacking.append(contract.entity + (f" ({objects})" if objects else ""))
    lines = list(_head(kind))
    told: set[str] = set()
    for number, datasets in enumerate(entries, start=1):
        lines += _opening(kind, name or kind, settings or {}, number=number)
        lines += _entry(datasets, available=available, told=told)
    lines += comment(f"Nothing here gives: {', '.join(lacking)}." if lacking else "", indent=2)
    unused = sorted(set(available) - {dataset.object for datasets in entries for dataset in datasets})
    lines += comment(f"Objects that nothing is read from: {', '.join(unused)}." if unused else "", indent=2)
    return "\n".join(lines) + "\n"


def _rank(contract: Contract) -> tuple[int, str]:
    return (_FIRST.index(contract.entity) if contract.entity in _FIRST else len(_FIRST), contract.entity)


def _entity(kind: SystemKind, contract: Contract, given: SystemObject, fields: Mapping[str, SourceField]) -> _Entity:
    entity = _Entity(contract, given)
    for name, several in given.fields.items():
        there = next((each for each in several if _has(fields, _paths([each]))), None)
        if there is None:
            entity.looked_for[name] = " or ".join(sorted({path for each in several for path in _paths([each])}))
        else:
            entity.fields[name] = there
    for name, pattern in given.labels.items():
        if name not in entity.fields and (own := _labelled(fields, pattern)) is not None:
            entity.fields[name] = ColumnExpression(column=own)
    entity.where = [each for each in given.where if _has(fields, _paths([each]))]
    event = entity.fields.get(contract.event_date or "")
    if _has(fields, {_CREATED[kind]}):
        entity.known_at = _CREATED[kind]
    elif isinstance(event, ColumnExpression):
        entity.known_at = event.column
    return entity


def _labelled(fields: Mapping[str, SourceField], pattern: str) -> str | None:
    """Return the column of the first text, one of the company's own before others, that people call like this."""
    found = [
        each
        for each in fields.values()
        if each.type == "text" and each.may_be_kept and re.search(pattern, each.label, re.IGNORECASE)
    ]
    first = min(found, key=lambda each: (not each.is_custom, each.name), default=None)
    return None if first is None else f"{first.name}.id" if first.is_lookup else first.name


def _paths(expressions: Iterable[Expression | Condition]) -> set[str]:
    return {path for each in expressions for path in each.columns()}


def _has(fields: Mapping[str, SourceField], paths: set[str]) -> bool:
    """Say whether an object has these paths: a field, a part of a reference, or what stands beside a selection."""
    return all(path in fields or re.split(r"\.|__(?:code|label)$", path)[0] in fields for path in paths)


def _place(datasets: list[_Dataset], entity: _Entity, *, is_swept: bool) -> None:
    for dataset in datasets:
        if (dataset.object, dataset.is_swept) == (entity.given.object, is_swept):
            dataset.entities.append(entity)
            return
    datasets.append(_Dataset(entity.given.object, is_swept, [entity]))


def _head(kind: SystemKind) -> Iterator[str]:
    yield from comment(
        f"A first mapping of a system of kind {kind}, from what it says of itself. Read it before the first night:"
        " what stages, kinds and states mean is the company's own affair, and so are its own fields under `extra`."
        f" docs/entities.md says what each column means, docs/runbooks/source_{kind}.md what the settings are.",
        indent=2,
    )


def _opening(kind: SystemKind, name: str, settings: Mapping[str, Any], *, number: int) -> Iterator[str]:
    if number > 1:
        yield from comment("An entity stands once in a source: the same system again, for its other objects.", indent=2)
    yield f"  - name: {name}" + (f"_{number}" if number > 1 else "")
    yield f"    kind: {kind}"
    yield from item("settings", dict(settings), indent=4)


def _entry(datasets: list[_Dataset], *, available: Available, told: set[str]) -> Iterator[str]:
    names = _dataset_names(datasets)
    yield "    datasets:"
    for name, dataset in zip(names, datasets, strict=True):
        yield f"      {name}:"
        yield f"        object: {flow(dataset.object)}"
        if not dataset.is_swept:
            yield "        sweep: false              # its key is not the one by which the system tells what is gone"
    yield "    entities:"
    for name, dataset in zip(names, datasets, strict=True):
        for entity in dataset.entities:
            yield from _entity_lines(entity, name)
            if dataset.object not in told:
                yield from _own_fields(dataset, available[dataset.object])
            told.add(dataset.object)


def _dataset_names(datasets: list[_Dataset]) -> list[str]:
    names: list[str] = []
    for dataset in datasets:
        name = slug(dataset.object)
        names.append(name if name not in names else f"{name}_{len(names) + 1}")
    return names


def _entity_lines(entity: _Entity, dataset: str) -> Iterator[str]:
    yield f"      {entity.contract.entity}:"
    yield from comment(entity.given.note or "", indent=8)
    yield f"        from: {dataset}"
    if entity.where:
        yield from item("where", [_plain(each) for each in entity.where], indent=8)
    for condition in entity.given.where:
        if condition not in entity.where:
            yield from comment(f"Only some rows are meant: by {condition.column}, which is not here.", indent=8)
    if entity.optional:
        yield from comment(f"Needed, and not found: {', '.join(entity.optional)}.", indent=8)
        yield from item("optional", entity.optional, indent=8)
    if entity.known_at is not None:
        yield f"        known_at: {flow(entity.known_at)}"
    yield "        fields:"
    for name in entity.contract.columns:
        if name in entity.fields:
            yield from item(name, _plain(entity.fields[name]), indent=10)
        elif name in entity.looked_for:
            yield from comment(f"{name}: no field {entity.looked_for[name]}", indent=10)


def _own_fields(dataset: _Dataset, fields: Mapping[str, SourceField]) -> Iterator[str]:
    used = {path.split(".", maxsplit=1)[0] for entity in dataset.entities for path in _paths(entity.fields.values())}
    own = [each for name, each in sorted(fields.items()) if each.is_custom and name not in used]
    if not own:
        return
    yield "        # extra:"
    names: set[str] = set()
    for number, each in enumerate(own, start=1):
        name = slug(re.sub(r"^x_(studio_)?|__c$", "", each.name)) or f"field_{number}"
        name = name if name not in names and name != EXTRA else f"{name}_{number}"
        names.add(name)
        path = f"{each.name}.id" if each.is_lookup else each.name
        label = " ".join(each.label.split())
        yield f"        #   {name}: {flow(path)}  # {label} ({each.type})".rstrip()


def _plain(part: Expression | Condition | BaseModel) -> Any:
    """Return an expression or a condition as a mapping writes it."""
    return _shortened(part.model_dump(mode="json", exclude_unset=True))


def _shortened(value: Any) -> Any:
    if isinstance(value, dict):
        return value["column"] if set(value) == {"column"} else {key: _shortened(each) for key, each in value.items()}
    return [_shortened(each) for each in value] if isinstance(value, list) else value
