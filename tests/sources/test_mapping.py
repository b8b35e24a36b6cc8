"""A mapping that cannot work is refused before anything is read, with the place and the way out."""

from __future__ import annotations

from typing import Any

import pytest

from sources.mapping.contract import load_contracts, raw_table_ddl
from sources.mapping.reader import BadMappingError, read_mapping
from tests.sources.workshop import Workshop


def _refusal(workshop: Workshop) -> str:
    with pytest.raises(BadMappingError) as caught:
        read_mapping(workshop.company(), "shop")
    text = str(caught.value)
    assert "company.yml, source shop" in text
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
    with pytest.raises(BadMappingError, match="regular expression"):
        workshop.extract("2026-01-05")


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
