"""The first draft of a source's part of company.yml, from what the source says of itself."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from fnmatch import fnmatchcase
from pathlib import Path
from typing import get_args

from sources.api.connector import SourceField
from sources.databases.opening import open_database
from sources.errors import MissingTableError
from sources.feed import Progress
from sources.files.first_mapping import files_skeleton
from sources.files.place import opened_store
from sources.mapping.contract import SystemKind, load_contracts
from sources.mapping.first_mapping import first_mapping
from sources.mapping.mapping import DatasetOptions, SourceMapping, SourceOptions
from sources.mapping.skeleton import skeleton
from sources.mapping.yaml_lines import comment
from sources.outside import Outside
from sources.systems import open_system
from warehouse.company import SourceEntry
from warehouse.errors import Problem

_OTHERS_TOLD = 300


def first_draft(
    options: SourceOptions,
    *,
    objects: Sequence[str],
    company_folder: Path,
    outside: Outside,
    progress: Progress,
    warn: Progress,
) -> str:
    """Return an entry to stand under `sources:` in company.yml. The source is asked; nothing is loaded.

    `objects`: the system's objects to look at (those of the kind's known ones unless given), a database's tables,
    or patterns of files. Raises Problem when the source does not answer or has none of them.
    """
    mapping = SourceMapping(options, ())
    if options.kind in get_args(SystemKind):
        return _of_system(options, objects, outside, progress, warn)
    if options.kind == "erp_database":
        return _of_database(mapping, objects, outside, progress)
    with (
        tempfile.TemporaryDirectory(prefix="guanxi-") as folder,
        opened_store(mapping, company_folder=company_folder, outside=outside, copies=Path(folder) / "copies") as store,
    ):
        text, unreadable = files_skeleton(store, options, patterns=objects, progress=progress)
    for each in unreadable:
        warn(each)
    return text


def blank_options(entry: SourceEntry, given: Mapping[str, object]) -> SourceOptions:
    """Return the options of a source that has no datasets yet. `given`: what its entry says of path, url, settings."""
    known = {key: given[key] for key in ("path", "url", "settings") if given.get(key)}
    nothing = {"datasets": {"none": {}}, "entities": {"none": {"from": "none", "fields": {"none": "none"}}}}
    return SourceOptions.model_validate({"name": entry.name, "kind": entry.kind} | known | nothing)


def _of_system(
    options: SourceOptions, objects: Sequence[str], outside: Outside, progress: Progress, warn: Progress
) -> str:
    kind: SystemKind = next(each for each in get_args(SystemKind) if each == options.kind)
    known = [each.object for contract in load_contracts() for each in contract.maps.get(kind, ())]
    available: dict[str, Mapping[str, SourceField]] = {}
    with closing(open_system(options, outside)) as connector:
        for name in dict.fromkeys(objects or known):
            progress(f"{options.name}: asking for the fields of {name}")
            try:
                available[name] = connector.fields(DatasetOptions(object=name))
            except MissingTableError as problem:
                warn(f"{name}: {problem.seen}")
        if not available:
            raise MissingTableError(
                f"source {options.name}",
                seen=f"none of {', '.join(dict.fromkeys(objects or known))}",
                expected="an object that this user may read",
                next_step="give the user the rights of docs/runbooks, or name other objects: --object",
            )
        try:
            others = sorted(set(connector.objects()) - set(available))
        except Problem:  # a right that reading does not need
            others = []
    text = first_mapping(kind, available, name=options.name, settings=options.settings)
    lines: list[str] = []
    for name, fields in available.items():
        if name not in known:
            lines += comment(f"{name}: {_told(fields)}", indent=2)
    told = ", ".join(others[:_OTHERS_TOLD]) + (
        f" and {len(others) - _OTHERS_TOLD:,} more" * (len(others) > _OTHERS_TOLD)
    )
    lines += comment(
        f"Further objects of the system, to be asked for with --object: {told}." if others else "", indent=2
    )
    return text + "".join(f"{line}\n" for line in lines)


def _told(fields: Mapping[str, SourceField]) -> str:
    return ", ".join(
        f"{name} {field.type}" + (f" ({field.label})" if field.label else "") for name, field in fields.items()
    )


def _of_database(mapping: SourceMapping, tables: Sequence[str], outside: Outside, progress: Progress) -> str:
    database = open_database(mapping, erp_url=outside.erp_url, environment=outside.environment)
    progress(f"{mapping.name}: asking for the tables")
    seen: dict[str, dict[str, str]] = {}
    with database.inspected() as inspection:
        for table, column, type_ in inspection.catalogue():
            names = (table, table.partition(".")[2])
            if not tables or any(fnmatchcase(name, pattern) for name in names for pattern in tables):
                seen.setdefault(table, {})[column] = type_
    if not seen:
        raise MissingTableError(
            database.thing,
            seen="no table" + (f" that matches {', '.join(tables)}" if tables else "") + " that this user may read",
            expected="tables that this user may select from",
            next_step="grant select on them, or name the right database in the URL",
        )
    options = {"url": mapping.options.url} if mapping.options.url else {}
    datasets = {name: {"table": "SCHEMA.TABLE"} for name in ("accounts", "orders", "order_lines")}
    return skeleton("erp_database", name=mapping.name, options=options, datasets=datasets, seen=seen)
