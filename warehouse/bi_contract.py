"""What BI tools rely on: every column of the views of `bi` and `bi_restricted`, kept in docs/bi-contract.csv.

`python -m warehouse.bi_contract`, or `make docs`, adds what is new. What was promised stays in the file until
docs/bi-deprecations.csv says that it went, by the rule of docs/bi.md.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from warehouse.plain_yaml import read_models
from warehouse.published_tables import OPEN, RESTRICTED, VIEWS_GLOB, declared_marts
from warehouse.settings import ROOT

FILE = Path("docs/bi-contract.csv")
DEPRECATIONS = Path("docs/bi-deprecations.csv")
NOTICE_DAYS = 90
"""How long a column is told to be deprecated before it may go."""

Column = tuple[str, str, str]
"""A view with its schema, a column of it, and the column's type."""


def declared_columns(root: Path = ROOT) -> Iterator[Column]:
    """Give every column that a view shows, as the contracts of the tables declare it."""
    for mart in declared_marts(root):
        for name, kind in mart.columns:
            if name not in mart.restricted:
                yield f"{mart.view_schema}.{mart.name}", name, kind
    for file in sorted(root.glob(VIEWS_GLOB)):
        for model in read_models(file):
            schema = RESTRICTED if _is_restricted(model) else OPEN
            for column in model["columns"]:
                yield f"{schema}.{model['name']}", column["name"], column["data_type"]


def promised_columns(root: Path = ROOT) -> list[Column]:
    """Return what the committed file promises."""
    return [_column(line) for line in rows(root / FILE)]


def broken_promises(
    promised: Iterable[Column], declared: Iterable[Column], deprecations: Iterable[Mapping[str, str]]
) -> list[str]:
    """Return what a BI tool would miss: columns that went, or changed their type, without notice, each with why."""
    there = {(view, name): kind for view, name, kind in declared}
    notices = {_column(line): line for line in deprecations}
    broken = []
    for column in promised:
        view, name, kind = column
        if there.get((view, name)) == kind:
            continue
        seen = f"it is {there[view, name]} now" if (view, name) in there else "it is gone"
        notice = notices.get(column)
        if notice is None or not notice["removed_date"]:
            broken.append(f"{view}.{name} ({kind}): {seen}, and docs/bi-deprecations.csv does not say that it went")
        elif _days_of_notice(notice) < NOTICE_DAYS:
            broken.append(f"{view}.{name} ({kind}): {seen} after {_days_of_notice(notice)} days of {NOTICE_DAYS}")
    return broken


def contract_text(root: Path = ROOT) -> str:
    """Return the file as it should be: what was promised, less what went by the rule, and what is new."""
    went = {_column(line) for line in rows(root / DEPRECATIONS) if line["removed_date"]}
    kept = [each for each in promised_columns(root) if each not in went] if (root / FILE).exists() else []
    known = {(view, column) for view, column, _ in kept}
    new = [each for each in declared_columns(root) if each[:2] not in known]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([("view", "column", "type"), *sorted([*kept, *new], key=lambda each: each[0])])
    return text.getvalue()


def rows(file: Path) -> list[dict[str, str]]:
    """Return the lines of one of the two files."""
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _column(line: Mapping[str, str]) -> Column:
    return line["view"], line["column"], line["type"]


def _days_of_notice(notice: Mapping[str, str]) -> int:
    announced, removed = (date.fromisoformat(notice[name]) for name in ("announced_date", "removed_date"))
    return (removed - announced) // timedelta(days=1)


def _is_restricted(model: dict[str, Any]) -> bool:
    meta: dict[str, Any] = (model.get("config") or {}).get("meta") or {}
    return bool(meta.get("restricted"))


if __name__ == "__main__":
    (ROOT / FILE).write_text(contract_text(), encoding="utf-8")
