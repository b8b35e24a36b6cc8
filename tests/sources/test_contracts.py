"""The canonical entities: what they point to, what is personal, and where known systems keep them."""

from __future__ import annotations

import gzip
import inspect
import re
from pathlib import Path

import pytest
import yaml

from sources.mapping.contract import (
    BadContractError,
    Contract,
    SystemObject,
    load_contracts,
)
from sources.mapping.entity_page import FILE, entity_page
from sources.mapping.expressions import ColumnExpression, ConstantExpression, Expression
from sources.mapping.loose_ends import loose_ends
from sources.mapping.reader import read_mapping
from warehouse.company import load_company

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = load_contracts()
ODOO = ROOT.parent / "shared" / "data" / "odoo17" / "odoo17.business.sql.gz"
MAPS = [
    pytest.param(contract, kind, each, id=f"{contract.entity}-{kind}-{each.object}")
    for contract in CONTRACTS
    for kind, objects in contract.maps.items()
    for each in objects
]
WANTED = {
    "accounts", "contacts", "opportunities", "opportunity_stages", "interactions", "tickets", "survey_responses",
    "products", "prices", "orders", "order_lines", "invoices", "payments", "contracts", "referrals", "bids",
    "campaigns", "web_visits", "account_managers",
}  # fmt: skip
# Fields that are computed, or belong to an app or a version that the database at hand does not have.
ODOO_ELSEWHERE = {
    "crm.lead.won_status", "product.product.display_name", "product.product.name", "product.product.list_price",
    "product.product.standard_price", "product.product.categ_id", "res.users.name", "res.users.email",
    "res.users.lang", "sale.order.expected_date", "sale.order.is_subscription", "sale.order.plan_id",
    "sale.order.start_date", "sale.order.end_date", "sale.order.recurring_monthly", "sale.order.close_reason_id",
    "sale.order.line.is_delivery", "sale.order.line.purchase_price", "account.payment.date",
    "account.payment.state", "account.payment.journal_id",
}  # fmt: skip


def _columns(each: SystemObject) -> set[str]:
    """The system's fields that a map reads, without the parts of references."""
    expressions: list[Expression] = [one for several in each.fields.values() for one in several]
    paths = [path for one in expressions for path in one.columns()]
    paths += [path for condition in each.where for path in condition.columns()]
    return {path.split(".", maxsplit=1)[0] for path in paths}


def test_every_entity_is_there() -> None:
    assert {contract.entity for contract in CONTRACTS} >= WANTED


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.entity)
def test_an_id_of_something_else_says_of_what(contract: Contract) -> None:
    keys = {each.key[0] for each in CONTRACTS}
    for name, column in contract.columns.items():
        if contract.entity != "accounts" and name not in contract.key and (name.endswith("_id") or name in keys):
            assert column.references is not None, name
            assert len(next(each for each in CONTRACTS if each.entity == column.references).key) == 1


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.entity)
def test_what_reaches_a_person_is_marked_personal(contract: Contract) -> None:
    for name, column in contract.columns.items():
        if re.search("email|phone|contact_name|comment", name):
            assert column.personal, name


def test_a_reference_to_no_entity_is_refused(tmp_path: Path) -> None:
    content = {
        "entity": "things",
        "description": "One row per thing.",
        "key": ["thing_id"],
        "columns": {
            "thing_id": {"type": "text", "required": True, "description": "Number"},
            "box_id": {"type": "text", "references": "boxes", "description": "Where it lies"},
        },
    }
    (tmp_path / "things.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(BadContractError, match="references: boxes, which is no entity"):
        load_contracts(tmp_path)


def test_a_map_with_an_unknown_column_is_refused(tmp_path: Path) -> None:
    content = {
        "entity": "things",
        "description": "One row per thing.",
        "key": ["thing_id"],
        "columns": {"thing_id": {"type": "text", "required": True, "description": "Number"}},
        "maps": {"odoo": {"object": "x.thing", "fields": {"thing_id": "id", "colour": "x_colour"}}},
    }
    (tmp_path / "things.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(BadContractError, match="colour"):
        load_contracts(tmp_path)


@pytest.mark.parametrize(("contract", "kind", "each"), MAPS)
def test_a_map_gives_only_values_that_the_contract_allows(contract: Contract, kind: str, each: SystemObject) -> None:
    assert kind
    for name, several in each.fields.items():
        allowed = contract.columns[name].allowed
        for expression in several if allowed else ():
            given: list[str | None] = []
            if isinstance(expression, ConstantExpression):
                given = [expression.value]
            elif isinstance(expression, ColumnExpression):
                given = [*(expression.map or {}).values(), *(case.value for case in expression.cases or ())]
                given += [expression.default]
            assert set(given) - {None} <= set(allowed or ()), name


@pytest.mark.parametrize(("contract", "kind", "each"), [each for each in MAPS if each.values[1] == "zoho_crm"])
def test_zoho_fields_are_those_the_vendors_sdk_knows(contract: Contract, kind: str, each: SystemObject) -> None:
    field = pytest.importorskip("zohocrmsdk.src.com.zoho.crm.api.record.field", reason="zohocrmsdk8-0").Field
    module = vars(field).get(each.object)
    if module is None:
        assert each.object in {"users", "Deals.Stage_History", "Sales_Orders.Ordered_Items"}, (
            "the SDK has no fields for these"
        )
        return
    known = {
        getattr(module, name)().get_api_name()
        for name, member in inspect.getmembers(module)
        if not name.startswith("_") and inspect.ismethod(member)
    }
    # Grand_Total is left out of some modules there
    assert _columns(each) - {"Grand_Total"} <= known, f"{contract.entity} of {kind}"


@pytest.mark.skipif(not ODOO.exists(), reason=f"the real files are not at {ODOO}")
@pytest.mark.parametrize(("contract", "kind", "each"), [each for each in MAPS if each.values[1] == "odoo"])
def test_odoo_fields_are_columns_of_a_real_odoo(contract: Contract, kind: str, each: SystemObject) -> None:
    tables = _odoo_tables()
    table = tables.get(each.object.replace(".", "_"))
    if table is None or each.object == "mail.tracking.value":
        assert contract.maps["odoo"]
        return
    missing = {name for name in _columns(each) - table if f"{each.object}.{name}" not in ODOO_ELSEWHERE}
    assert missing == set(), f"{contract.entity} of {kind}"


def _odoo_tables() -> dict[str, set[str]]:
    """The columns of the business tables, from the dump's own create statements."""
    with gzip.open(ODOO, "rt", encoding="utf-8") as dump:
        text = "".join(line for line in dump if not line.startswith(("COPY", "INSERT")))
    return {
        name: {part.strip().split(" ")[0].strip('"') for part in body.splitlines() if part.startswith("    ")}
        for name, body in re.findall(r"CREATE TABLE public\.(\w+) \(\n(.*?)\n\);", text, re.S)
    }


def test_the_page_of_entities_is_fresh() -> None:
    assert (ROOT / FILE).read_text(encoding="utf-8") == entity_page(), "run `make docs`"


def test_what_points_to_nothing_is_found(tmp_path: Path) -> None:
    content = {
        "company": "loose",
        "name": {"en": "Loose", "zh": "松散"},
        "currency": "EUR",
        "timezone": "Europe/Berlin",
        "sources": [
            {
                "name": "erp",
                "kind": "erp_database",
                "datasets": {"orders": {"table": "o"}, "people": {"table": "p"}},
                "entities": {
                    "orders": {
                        "from": "orders",
                        "fields": {"order_id": "no", "account_id": "customer", "ordered_at": "day"},
                    },
                    "contacts": {"from": "people", "fields": {"contact_id": "no", "account_id": "customer"}},
                },
            },
            {
                "name": "till",
                "kind": "erp_database",
                "datasets": {"lines": {"table": "l"}},
                "entities": {
                    "order_lines": {
                        "from": "lines",
                        "fields": {"order_line_id": "no", "order_id": "order", "quantity": "q", "net_amount": "a"},
                    }
                },
            },
        ],
    }
    (tmp_path / "company.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    company = load_company(str(tmp_path))

    found = loose_ends(read_mapping(company, source.name) for source in company.sources)

    assert [(each.entity, each.column) for each in found] == [
        ("orders", "account_id"),
        ("contacts", "account_id"),
        ("order_lines", "order_id"),
    ]
    assert str(found[2]) == "source till: order_lines.order_id points to orders, which no source delivers there"
