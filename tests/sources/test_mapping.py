"""A mapping that cannot work is refused before anything is read, with the place and the way out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from sources.mapping.contract import load_contracts, raw_table_ddl
from sources.mapping.reader import BadMappingError, read_mapping
from tests.sources.workshop import Workshop
from warehouse.company import load_company


def _refusal(workshop: Workshop) -> str:
    with pytest.raises(BadMappingError) as caught:
        read_mapping(workshop.company(), "shop")
    text = str(caught.value)
    assert re.match(r"\S+/company\.yml:\d+, source shop", text)
    for part in ("seen:", "expected:", "next:"):
        assert part in text
    return text


def test_the_workshop_mapping_is_a_good_one(workshop: Workshop) -> None:
    mapping = read_mapping(workshop.company(), "shop")
    assert [entity.entity for entity in mapping.entities] == ["order_lines"]
    assert mapping.datasets[0].columns == ("order", "customer", "day", "amount")


def test_an_unknown_entity(workshop: Workshop) -> None:
    workshop.source["entities"]["order_line"] = workshop.source["entities"]["order_lines"]
    text = _refusal(workshop)
    assert "entity order_line\n" in text
    assert "did you mean order_lines?" in text


def test_an_unknown_field(workshop: Workshop) -> None:
    workshop.source["entities"]["order_lines"]["fields"]["net_amout"] = "amount"
    text = _refusal(workshop)
    assert "entity order_lines, field net_amout" in text
    assert "did you mean net_amount?" in text


def test_an_unknown_column(workshop: Workshop) -> None:
    workshop.source["entities"]["order_lines"]["fields"]["net_amount"] = "Amount"
    text = _refusal(workshop)
    assert "entity order_lines, field net_amount" in text
    assert "column Amount" in text
    assert "did you mean amount?" in text


def test_an_unknown_column_inside_an_expression(workshop: Workshop) -> None:
    workshop.source["entities"]["order_lines"]["fields"]["net_amount"] = {"multiply": ["amount", {"column": "price"}]}
    assert "column price" in _refusal(workshop)


def test_a_missing_required_field(workshop: Workshop) -> None:
    del workshop.source["entities"]["order_lines"]["fields"]["net_amount"]
    text = _refusal(workshop)
    assert "field net_amount" in text
    assert "`optional`" in text


def test_a_key_can_not_be_optional(workshop: Workshop) -> None:
    entity = workshop.source["entities"]["order_lines"]
    del entity["fields"]["order_line_id"]
    entity["optional"] = ["order_line_id"]
    assert "field order_line_id" in _refusal(workshop)


def test_an_unknown_dataset(workshop: Workshop) -> None:
    workshop.source["entities"]["order_lines"]["from"] = "line"
    assert "did you mean lines?" in _refusal(workshop)


def test_an_aggregate_of_single_rows(workshop: Workshop) -> None:
    workshop.source["entities"]["order_lines"]["fields"]["net_amount"] = {"column": "amount", "aggregate": "max"}
    assert "one_per_key: true" in _refusal(workshop)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ({"column": "amount", "strp": "x"}, "strp"),
        ({"colum": "amount"}, "exactly one of column, value, hash"),
        ({"column": "amount", "value": "1"}, "exactly one of"),
        ({"column": "amount", "cases": [{"matches": "1", "value": "2"}]}, "cases need a default"),
        ({"column": "amount", "default": "1"}, "default needs map or cases"),
        ({"column": "day", "date_format": "DD.MM"}, "must have DD, MM and YYYY"),
        ({"multiply": ["amount"]}, "at least 2"),
        ({"column": "day", "only_where": {"column": "day"}}, "exactly one of matches"),
        (["amount"], "a column name or a mapping was expected"),
    ],
)
def test_an_expression_that_makes_no_sense(workshop: Workshop, expression: Any, said: str) -> None:
    workshop.source["entities"]["order_lines"]["fields"]["net_amount"] = expression
    text = _refusal(workshop)
    assert "entity order_lines, field net_amount" in text
    assert said in text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mode": None}, "mode: none"),
        ({"files": []}, "files: none"),
        ({"mode": "sometimes"}, "datasets.lines.mode"),
        ({"happend_at": "day"}, "datasets.lines.happend_at"),
        ({"happened_at": "date"}, "dataset lines, happened_at"),
        ({"columns": ["order", "order"]}, "a column twice"),
        ({"cursor": "day", "mode": "append"}, "cursor, which a source of kind files has no use for"),
        ({"lookback_days": 3}, "lookback_days, which a source of kind files has no use for"),
    ],
)
def test_a_dataset_that_makes_no_sense(workshop: Workshop, change: dict[str, Any], said: str) -> None:
    workshop.source["datasets"]["lines"] |= change
    assert said in _refusal(workshop)


def test_a_dataset_nobody_uses(workshop: Workshop) -> None:
    workshop.source["datasets"]["other"] = {"files": "*.csv", "mode": "full"}
    assert "dataset other" in _refusal(workshop)


def test_a_pattern_that_is_no_regular_expression(workshop: Workshop) -> None:
    workshop.source["entities"]["order_lines"]["fields"]["net_amount"] = {"column": "amount", "strip": "("}
    workshop.csv("a.csv", ["order,customer,day,amount", "1,x,2026-01-05,1"])
    with pytest.raises(BadMappingError, match="regular expression") as caught:
        workshop.extract("2026-01-05")
    file = workshop.folder / "company.yml"
    line = file.read_text(encoding="utf-8").splitlines().index("        net_amount:") + 1
    assert caught.value.thing == f"{file}:{line}, source shop, entity order_lines, field net_amount"


BROKEN = """\
company: acme
name: {en: Acme, zh: 极致}
currency: EUR
timezone: Europe/Berlin
sources:
  - {name: other, kind: files, path: x, datasets: {}, entities: {}}
  - name: shop
    kind: files
    path: data
    datasets:
      lines:
        files: "*.csv"
        mode: full
        columns: [number, day]
        happened_at: day
    entities:
      orders:
        from: lines
        optional: [account_id]
        where:
          - {column: number, present: true}
        fields:
          order_id: number
          ordered_at: day
          status:
            column: number
            map: {x: done}
            default: done
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "place"),
    [
        ("mode: full", "mod: full", 13, ""),
        ("mode: full", "mode: sometimes", 13, ""),
        ("happened_at: day", "happened_at: date", 15, ", dataset lines, happened_at"),
        ("from: lines", "from: line", 18, ", entity orders, from"),
        ("[account_id]", "[account]", 19, ", entity orders, optional, account"),
        ("{column: number, present: true}", "{column: nmber, present: true}", 21, ", entity orders, where"),
        ("present: true", "present: true, matches: x", 21, ""),
        ("ordered_at: day", "ordered_on: day", 24, ", entity orders, field ordered_on"),
        ("ordered_at: day", "ordered_at: dy", 24, ", entity orders, field ordered_at"),
        ("          ordered_at: day\n", "", 22, ", entity orders, field ordered_at"),
        ("map: {x: done}", "mop: {x: done}", 27, ", entity orders, field status"),
        ("      orders:\n        from", "      order:\n        from", 17, ", entity order"),
        ("        mode: full\n", "", 11, ", dataset lines"),
        ("    path: data\n", "    path: data\n    quarantine_limit: 2\n", 10, ""),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, old: str, new: str, line: int, place: str) -> None:
    assert BROKEN.count(old) == 1
    file = tmp_path / "company.yml"
    file.write_text(BROKEN.replace(old, new), encoding="utf-8")
    with pytest.raises(BadMappingError) as caught:
        read_mapping(load_company(str(tmp_path)), "shop")
    assert caught.value.thing == f"{file}:{line}, source shop{place}"


def test_the_lines_of_several_wrong_words_are_told(tmp_path: Path) -> None:
    text = BROKEN.replace("mode: full", "mod: full").replace("happened_at", "happend_at")
    (tmp_path / "company.yml").write_text(text, encoding="utf-8")
    with pytest.raises(BadMappingError) as caught:
        read_mapping(load_company(str(tmp_path)), "shop")
    assert re.findall(r"(\w+): Extra inputs[^;]*\(line (\d+)\)", caught.value.seen) == [
        ("mod", "13"), ("happend_at", "15"),
    ]  # fmt: skip


def test_every_contract_has_its_raw_table_as_the_contract_says(workshop: Workshop) -> None:
    contracts = load_contracts()
    assert len(contracts) >= 21
    types = {"timestamptz": "timestamp with time zone"}
    for contract in contracts:
        found = workshop.query(
            "select column_name, data_type from information_schema.columns where table_schema = 'raw'"
            " and table_name = %s order by ordinal_position",
            contract.entity,
        )
        own = [("source", "text"), ("record_id", "text"), ("content_hash", "text"),
               ("known_at", types["timestamptz"]), ("gen", "bigint"), ("is_deleted", "boolean")]  # fmt: skip
        assert found == own + [(name, types.get(each.type, each.type)) for name, each in contract.columns.items()]
        with workshop.warehouse.connect_admin() as connection:  # the DDL may run again
            connection.execute(raw_table_ddl(contract))


def test_a_full_extract_with_a_cursor(workshop: Workshop) -> None:
    workshop.source = {
        "kind": "erp_database",
        "datasets": {"buyers": {"table": "erp.buyers", "cursor": "since", "mode": "full"}},
        "entities": {"accounts": {"from": "buyers", "fields": {"account_id": "no"}}},
    }
    assert "mode: full together with a cursor" in _refusal(workshop)


def test_new_columns_with_no_entity_that_could_keep_them(workshop: Workshop) -> None:
    workshop.source["datasets"]["lines"]["new_columns"] = "keep"
    workshop.source["entities"]["order_lines"]["one_per_key"] = True
    text = _refusal(workshop)
    assert "dataset lines, new_columns" in text
    assert "only entities that say one_per_key" in text


def test_new_columns_are_kept_or_told_and_nothing_else(workshop: Workshop) -> None:
    workshop.source["datasets"]["lines"]["new_columns"] = "drop"
    assert "Input should be 'keep' or 'tell'" in _refusal(workshop)


def test_whether_new_columns_are_kept_is_no_change_of_a_mapping_that_does_not_say(workshop: Workshop) -> None:
    dataset = read_mapping(workshop.company(), "shop").datasets[0]
    kept = dataset.keeping(["batch"])
    assert kept.columns == (*dataset.columns, "batch")
    assert kept.fingerprint == dataset.fingerprint
    workshop.source["datasets"]["lines"]["new_columns"] = "tell"
    assert read_mapping(workshop.company(), "shop").datasets[0].fingerprint != dataset.fingerprint
