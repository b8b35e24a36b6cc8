"""The promise to BI tools: names and types of columns stay, and what goes was told to go long before."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from warehouse.bi_contract import (
    DEPRECATIONS,
    FILE,
    NOTICE_DAYS,
    Column,
    broken_promises,
    contract_text,
    declared_columns,
    promised_columns,
    rows,
)
from warehouse.published_tables import CONTRACT_GLOBS, VIEWS_GLOB

ROOT = Path(__file__).resolve().parents[2]
DEPRECATED = rows(ROOT / DEPRECATIONS)
AMOUNT: Column = ("bi.fct_sales", "amount", "numeric(18, 4)")
NOTICE = {
    "view": "bi.fct_sales", "column": "amount", "type": "numeric(18, 4)", "announced_date": "2026-01-01",
    "removed_date": "2026-04-01", "replacement": "net_amount", "reason": "it was gross",
}  # fmt: skip


def test_every_promised_column_is_there_with_its_type() -> None:
    assert len(promised_columns()) > 900
    assert broken_promises(promised_columns(), declared_columns(), DEPRECATED) == []


def test_what_is_new_is_promised_too() -> None:
    assert (ROOT / FILE).read_text(encoding="utf-8") == contract_text(), "run `make docs`"


@pytest.mark.parametrize(
    ("declared", "notices", "told"),
    [
        ([AMOUNT], [], None),
        ([AMOUNT, ("bi.fct_sales", "new", "text")], [], None),
        ([], [], "it is gone, and"),
        ([("bi.fct_sales", "net_amount", "numeric(18, 4)")], [], "it is gone, and"),
        ([("bi.fct_sales", "amount", "double precision")], [], "it is double precision now"),
        ([("bi_restricted.fct_sales", "amount", "numeric(18, 4)")], [], "it is gone, and"),
        ([], [NOTICE | {"removed_date": ""}], "it is gone, and"),
        ([], [NOTICE | {"removed_date": "2026-03-31"}], "after 89 days of 90"),
        ([], [NOTICE | {"column": "net_amount"}], "it is gone, and"),
        ([], [NOTICE], None),
        ([("bi.fct_sales", "amount", "double precision")], [NOTICE], None),
    ],
    ids=[
        "kept", "added", "removed", "renamed", "retyped", "moved", "announced only", "too soon", "another's notice",
        "removed after notice", "retyped after notice",
    ],
)  # fmt: skip
def test_a_column_that_changes_without_notice_is_told(
    declared: list[Column], notices: list[dict[str, str]], told: str | None
) -> None:
    broken = broken_promises([AMOUNT], declared, notices)
    assert len(broken) == (told is not None)
    assert told is None or told in broken[0]


def test_what_went_by_the_rule_leaves_the_file_and_what_is_new_enters_it(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / FILE).write_text("view,column,type\nbi.fct_a,kept,text\nbi.fct_a,went,text\n", encoding="utf-8")
    head = ",".join(NOTICE) + "\n"
    (tmp_path / DEPRECATIONS).write_text(
        head + "bi.fct_a,went,text,2026-01-01,2026-06-01,kept,twice the same\n", encoding="utf-8"
    )
    marts = tmp_path / "dbt_project" / "models" / "marts"
    marts.mkdir(parents=True)
    columns = [{"name": "kept", "data_type": "text"}, {"name": "new", "data_type": "date"}]
    (marts / "fct_a.yml").write_text(yaml.safe_dump({"models": [{"name": "fct_a", "columns": columns}]}))
    assert contract_text(tmp_path).splitlines() == ["view,column,type", "bi.fct_a,kept,text", "bi.fct_a,new,date"]


def test_a_notice_says_when_what_instead_and_why() -> None:
    head = (ROOT / DEPRECATIONS).read_text(encoding="utf-8").splitlines()[0]
    assert head.split(",") == list(NOTICE)
    for line in DEPRECATED:
        assert date.fromisoformat(line["announced_date"])
        assert line["replacement"]
        assert line["reason"]
        if not line["removed_date"]:
            told = _descriptions()[line["view"].split(".")[1], line["column"]]
            assert f"Deprecated since {line['announced_date']}" in told


def test_every_view_tells_its_day_and_names_customers_by_one_key() -> None:
    """What a star is joined by: account_id as text, as_of_date as date."""
    kinds: dict[str, dict[str, str]] = {}
    for view, name, kind in declared_columns():
        kinds.setdefault(view, {})[name] = kind
    assert {columns.get("as_of_date") for columns in kinds.values()} == {"date"}
    keys = {columns["account_id"] for columns in kinds.values() if "account_id" in columns}
    assert keys == {"text"}
    assert NOTICE_DAYS >= 90


def _descriptions() -> dict[tuple[str, str], str]:
    return {
        (model["name"], column["name"]): column["description"]
        for pattern in (*CONTRACT_GLOBS, VIEWS_GLOB)
        for file in ROOT.glob(pattern)
        for model in yaml.safe_load(file.read_text(encoding="utf-8"))["models"]
        for column in model["columns"]
    }
