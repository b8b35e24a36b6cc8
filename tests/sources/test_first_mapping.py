"""A first mapping of any system is one that the night would take, with only fields that the system has."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.api.connector import SourceField
from sources.mapping.contract import SystemKind, load_contracts
from sources.mapping.expressions import Condition, Expression
from sources.mapping.first_mapping import first_mapping
from sources.mapping.reader import read_mapping
from warehouse.company import load_company

KINDS: tuple[SystemKind, ...] = get_args(SystemKind)
CONTRACTS = load_contracts()
Objects = dict[str, dict[str, SourceField]]


def whole(kind: SystemKind) -> Objects:
    """A system that has every field any map of its kind asks for."""
    objects: Objects = {}
    for contract in CONTRACTS:
        for each in contract.maps.get(kind, ()):
            fields = objects.setdefault(each.object, {})
            asked: list[Expression | Condition] = [*(one for some in each.fields.values() for one in some), *each.where]
            for path in (path for one in asked for path in one.columns()):
                name = path.split(".", maxsplit=1)[0]
                fields[name] = SourceField(name, "text", is_lookup="." in path)
    return objects


def read(text: str, folder: Path) -> dict[str, dict[str, Any]]:
    """Make a company of a first mapping, let the night's own reader judge it, and return its entities by source."""
    content = {
        "company": "first",
        "name": {"en": "First", "zh": "第一"},
        "currency": "EUR",
        "timezone": "Europe/Berlin",
    }
    (folder / "company.yml").write_text(
        yaml.safe_dump(content, allow_unicode=True) + "sources:\n" + text, encoding="utf-8"
    )
    company = load_company(str(folder))
    return {
        source.name: {each.entity: each for each in read_mapping(company, source.name).entities}
        for source in company.sources
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_system_with_everything_gives_every_entity_its_kind_is_known_to_have(
    kind: SystemKind, tmp_path: Path
) -> None:
    entities = read(first_mapping(kind, whole(kind)), tmp_path)
    for contract in CONTRACTS:
        objects = [each.object for each in contract.maps.get(kind, ())]
        given = [found[contract.entity] for found in entities.values() if contract.entity in found]
        assert len(given) == len(objects)
        for entity, each in zip(given, contract.maps.get(kind, ()), strict=True):
            assert set(entity.fields) == set(each.fields)


@settings(max_examples=40, deadline=None)
@given(data=st.data(), kind=st.sampled_from(KINDS))
def test_a_system_that_lacks_anything_still_gets_a_mapping_that_is_accepted(
    data: st.DataObject, kind: SystemKind, tmp_path_factory: pytest.TempPathFactory
) -> None:
    everything = whole(kind)
    objects: Objects = {}
    for name in data.draw(st.lists(st.sampled_from(sorted(everything)), unique=True, min_size=1)):
        kept = data.draw(st.sets(st.sampled_from(sorted(everything[name]))))
        key = {"_id" if kind == "fxiaoke" else "id", "user_id", "to"} & set(everything[name])
        objects[name] = {field: everything[name][field] for field in kept | key}

    text = first_mapping(kind, objects)

    if "- name:" not in text:
        return  # not one entity could be made
    company = read(text, tmp_path_factory.mktemp("company"))
    for source in yaml.safe_load("sources:\n" + text)["sources"]:
        for entity in company[source["name"]].values():
            known = objects[source["datasets"][entity.dataset]["object"]]
            assert {path.split(".", maxsplit=1)[0] for path in entity.columns()} <= set(known)


def test_what_is_missing_is_said() -> None:
    objects = whole("zoho_crm")
    del objects["Contacts"]["Department"]
    del objects["Sales_Orders"]["Account_Name"]
    del objects["Cases"]["id"]
    del objects["Campaigns"]

    text = first_mapping("zoho_crm", objects)

    assert "# department: no field Department" in text
    assert "# Needed, and not found: account_id." in text
    assert "tickets (Cases)" in text
    assert "campaigns (Campaigns)" in text
    assert "bids" in text


def test_fields_of_the_companys_own_are_suggested_once() -> None:
    objects = whole("odoo")
    objects["res.partner"]["x_studio_tier"] = SourceField("x_studio_tier", "text", "客户等级", is_custom=True)
    objects["product.product"]["x_line"] = SourceField(
        "x_line", "text", "Product\nline", is_lookup=True, is_custom=True
    )
    objects["x_yard"] = {"id": SourceField("id", "text")}

    text = first_mapping("odoo", objects)

    assert text.count("#   tier: x_studio_tier  # 客户等级 (text)") == 1
    assert text.count("#   line: x_line.id  # Product line (text)") == 1
    assert "Objects that nothing is read from: x_yard." in text


@pytest.mark.parametrize(
    ("kind", "label", "column"),
    [("zoho_crm", "VAT No.", "tax_number"), ("zoho_crm", "ERP customer number", "linked_account_id"),
     ("fxiaoke", "开票税号", "tax_number"), ("fxiaoke", "ERP编码", "linked_account_id"), ("zoho_crm", "Private", None)],
)  # fmt: skip
def test_a_field_of_the_companys_own_is_known_by_its_label(kind: SystemKind, label: str, column: str | None) -> None:
    objects = whole(kind)
    accounts = objects["Accounts" if kind == "zoho_crm" else "AccountObj"]
    accounts.pop("uniform_social_credit_code", None)
    accounts["field_x1__c"] = SourceField("field_x1__c", "text", label, is_custom=True)
    accounts["count__c"] = SourceField("count__c", "integer", label, is_custom=True)
    found = yaml.safe_load("sources:\n" + first_mapping(kind, objects))["sources"][0]["entities"]["accounts"]["fields"]
    assert [name for name, given in found.items() if given == "field_x1__c"] == ([] if column is None else [column])
    assert {"web_domain", "phone", "address", "city", "parent_account_id"} <= set(found)


def test_what_lies_in_several_objects_gives_several_sources() -> None:
    entries = yaml.safe_load("sources:\n" + first_mapping("zoho_crm", whole("zoho_crm")))["sources"]
    assert [entry["name"] for entry in entries] == ["zoho_crm", "zoho_crm_2"]
    assert [entry["datasets"][entry["entities"]["interactions"]["from"]]["object"] for entry in entries] == [
        "Calls",
        "Events",
    ]
