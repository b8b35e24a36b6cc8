"""Writes docs/data-dictionary.md from the contracts: `python -m warehouse.dictionary`, or `make docs`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from warehouse.plain_yaml import read_models
from warehouse.published_tables import CONTRACT_GLOBS, VIEWS_GLOB
from warehouse.settings import ROOT

FILE = Path("docs/data-dictionary.md")
_HEAD = """# Data dictionary 数据字典

Every table that is built each night, from its contract. Written by `make docs`; a test holds it fresh.
Tables marked *not published* stay in the night's build schema; tables marked *restricted* are views of schema
`bi_restricted`, and columns marked *restricted* in no view. Those marked *all nights* are views of the ledger.
"""


def dictionary_text(root: Path = ROOT) -> str:
    """Return the dictionary in Markdown: a section a table, a row a column, labels in both languages."""
    parts = [_HEAD]
    for pattern in (*CONTRACT_GLOBS, VIEWS_GLOB):
        for file in sorted(root.glob(pattern), key=lambda path: path.stem):
            parts.extend(_section(model) for model in read_models(file))
    return "\n".join(parts)


def _section(model: dict[str, Any]) -> str:
    mark = "" if _meta(model).get("publish", True) or _meta(model).get("is_view") else " *(not published)*"
    mark += " *(all nights)*" if _meta(model).get("is_view") else ""
    if _meta(model).get("restricted"):
        mark += " *(restricted)*"
    lines = [
        f"## {model['name']}{mark}",
        "",
        " ".join(model["description"].split()),
        "",
        "| column | type | label | 名称 | meaning |",
        "|---|---|---|---|---|",
    ]
    for column in model.get("columns", []):
        meta = _meta(column)
        meaning = " ".join(str(column.get("description", "")).split()).replace("|", "\\|")
        if meta.get("restricted"):
            meaning = f"*restricted* {meaning}"
        label = meta.get("label_en", ""), meta.get("label_zh", "")
        lines.append(f"| `{column['name']}` | {column['data_type']} | {label[0]} | {label[1]} | {meaning} |")
    return "\n".join(lines) + "\n"


def _meta(entry: dict[str, Any]) -> dict[str, Any]:
    meta: dict[str, Any] = (entry.get("config") or {}).get("meta") or entry.get("meta") or {}
    return meta


if __name__ == "__main__":
    (ROOT / FILE).write_text(dictionary_text(), encoding="utf-8")
