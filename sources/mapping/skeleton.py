"""The frame of a first mapping for sources that nobody knows beforehand: databases and files."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping

from sources.mapping.contract import EXTRA, Contract, contracts_by_entity
from sources.mapping.yaml_lines import WIDTH, comment, item
from warehouse.company import Kind

COLUMN = "COLUMN"
"""Stands where a person has to write the name of a column."""

_NEEDED = ("accounts", "orders", "order_lines")
_COMMENT_AT = 44


def skeleton(
    kind: Kind,
    *,
    name: str,
    options: Mapping[str, str],
    datasets: Mapping[str, Mapping[str, object]],
    seen: Mapping[str, Mapping[str, str]],
) -> str:
    """Return an entry for company.yml, to stand under `sources:`, with what there is as comments.

    `options` are the source's own keys; `seen` gives, by table or file, its columns with their types. The entities
    a night needs are there with every column to fill in; each is read from the dataset of its name, or the first.
    """
    lines = [
        *comment(
            f"A first frame for a source of kind {kind}: replace what is written in capitals. docs/company.md has the"
            " words, docs/entities.md says what each column means and which entities there are besides these three."
            f" Then try it: guanxi sources test --source {name}",
            indent=2,
        ),
        "  #",
    ]
    for thing, columns in seen.items():
        lines += comment(thing, indent=2)
        told = ", ".join(f"{column} {type_}".strip() for column, type_ in columns.items())
        lines += [f"  #    {line.strip()[1:]}" for line in comment(told, indent=6)]
    lines += [f"  - name: {name}", f"    kind: {kind}"]
    lines += [f"    {key}: {value}" for key, value in options.items()]
    lines.append("    datasets:")
    for dataset, parts in datasets.items():
        lines.append(f"      {dataset}:")
        for key, value in parts.items():
            lines += item(key, value, indent=8)
    lines.append("    entities:")
    contracts = contracts_by_entity()
    for entity in _NEEDED:
        lines += _entity(contracts[entity], entity if entity in datasets else next(iter(datasets)))
    return "\n".join(lines) + "\n"


def _entity(contract: Contract, dataset: str) -> Iterator[str]:
    yield f"      {contract.entity}:"
    yield f"        from: {dataset}"
    yield "        fields:"
    for name, column in contract.columns.items():
        if name == EXTRA:
            continue
        line = f"          {'' if column.required else '# '}{name}: {COLUMN}".ljust(_COMMENT_AT)
        about = f"  # {column.type}{', needed' if column.required else ''}: {column.description}"
        yield line + "  " + textwrap.shorten(about, WIDTH - len(line), placeholder=" …")
