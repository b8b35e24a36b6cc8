"""Nights of the example's company, from the tenant's server to raw: what lives there is what raw says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sources.api.http import Patience
from tests.conftest import ROOT
from tests.servers.framework import Fault
from tests.servers.fxiaoke import ADMIN, ADMIN_MOBILE, FxiaokeServer, serving_fxiaoke
from tests.servers.fxiaoke_store import Store
from tests.sources.fxiaoke.tenant import CREDENTIALS
from tests.sources.fxiaoke.test_walks import KINDS, QUERY
from tests.sources.workshop import Workshop

EXAMPLE = ROOT / "examples" / "fxiaoke" / "company.yml"
KINDS_OF_FIELDS = {
    "owner": "employee", "create_time": "date_time", "last_modified_time": "date_time", "order_time": "date_time",
    "payment_time": "date_time", "finish_time": "date_time", "stg_changed_time": "date_time", "close_date": "date",
    "delivery_date": "date", "amount": "currency", "price": "currency", "subtotal": "currency", "quantity": "number",
    "payment_amount": "currency", "probability": "percentile", "sales_status": "select_one", "province": "province",
    "main_department": "department", "primary_contact": "true_or_false", "order_status": "select_one",
}  # fmt: skip
OPTIONS = {"sales_status": {"1": "进行中", "2": "赢单"}, "order_status": {"7": "已确认", "10": "已收货"}}
TARGETS = {
    "account_id": "AccountObj", "contact_id": "ContactObj", "order_id": "SalesOrderObj", "product_id": "ProductObj",
    "new_opportunity_id": "NewOpportunityObj",
}  # fmt: skip


class Killed(BaseException):
    """The process ends here: nothing may catch it."""


def tenant_of(source: dict[str, Any]) -> Store:
    """A tenant with the objects and fields that a mapping names, and a little in each of them."""
    store = Store()
    for entity in source["entities"].values():
        name = source["datasets"][entity["from"]]["object"]
        read = [*entity["fields"].values(), *entity.get("extra", {}).values()]
        columns = [each if isinstance(each, str) else each.get("column", "probability") for each in read]
        store.define(
            name, name, {top: _described(top) for top in {each.split(".")[0] for each in columns} - {"", "_id"}}
        )
    store.hire(ADMIN, "管理员", ADMIN_MOBILE)
    store.hire("1001", "李雷")
    accounts = [store.insert("AccountObj", name=f"客户{n}", province="1", province__r="上海", owner=["1001"])
                for n in range(7)]  # fmt: skip
    deal = store.insert("NewOpportunityObj", name="大单", account_id=accounts[0], amount="1234.50", sales_status="2",
                        probability="80", close_date=1767110400000, stg_changed_time=store.now())  # fmt: skip
    product = store.insert("ProductObj", name="泵", price="99.90")
    for number in range(5):
        order = store.insert("SalesOrderObj", name=f"SO{number}", account_id=accounts[number], order_status="10",
                             order_time=store.now(), new_opportunity_id=deal)  # fmt: skip
        store.insert("SalesOrderProductObj", order_id=order, product_id=product, quantity="3", subtotal="299.70")
    store.insert("ContactObj", name="韩梅梅", account_id=accounts[1], primary_contact=True)
    store.insert("PaymentObj", account_id=accounts[0], payment_amount="299.70", payment_time=store.now())
    store.insert("ActiveRecordObj", account_id=accounts[0], interactive_types="电话沟通")
    store.insert("CasesObj", account_id=accounts[2], case_status="已解决")
    return store


def _described(name: str) -> dict[str, Any]:
    if name in TARGETS:
        return {"type": "object_reference", "label": name, "target_api_name": TARGETS[name]}
    options = [{"value": code, "label": label} for code, label in OPTIONS.get(name, {}).items()]
    return {"type": KINDS_OF_FIELDS.get(name, "text"), "label": name, "options": options}


class Nights:
    """The example's company in a workshop; each night is a day later for the tenant as well."""

    def __init__(self, workshop: Workshop, server: FxiaokeServer, url: str, source: dict[str, Any]) -> None:
        self.workshop, self.server = workshop, server
        self.day = server.store.clock.date()
        self.objects = {
            name: source["datasets"][entity["from"]]["object"] for name, entity in source["entities"].items()
        }
        workshop.source = source | {"name": "shop", "settings": {"token_style": "oauth2", "host": url, "page_size": 2}}
        secret = json.dumps({**CREDENTIALS, "open_user_id": ADMIN})
        workshop.outside = {
            "environment": {"GUANXI_SOURCE_SHOP": secret},
            "allows_private": True,
            "patience": Patience(attempts=6),
            "sleep": server.store.go_on,
        }

    def run(self, *, kill_after: int | None = None) -> dict[str, Any]:
        """Extract the day; with `kill_after`, die after so many pages were kept."""
        told = 0

        def tell(_: str) -> None:
            nonlocal told
            told += 1
            if told == kill_after:
                raise Killed

        self.workshop.tell = tell
        return dict(self.workshop.counts(self.day.isoformat()))

    def next_day(self) -> None:
        self.day += timedelta(days=1)
        self.server.store.clock += timedelta(days=1)

    def raw(self, entity: str, columns: str = "record_id") -> list[tuple[Any, ...]]:
        return self.workshop.query(
            f"select {columns} from (select distinct on (record_id) * from raw.{entity}"
            " order by record_id, known_at desc) as newest where not is_deleted order by 1"
        )

    def assert_equal(self) -> None:
        """Raw has what lives in the tenant: every key of every object, no other, and the names of the customers."""
        store = self.server.store
        for entity, name in self.objects.items():
            keys = store.people if name == "PersonnelObj" else store.living(name)
            assert [key for (key,) in self.raw(entity)] == sorted(keys), entity
        names = {(key, store.records["AccountObj"][key].get("name")) for key in store.living("AccountObj")}
        assert set(self.raw("accounts", "record_id, account_name")) == names


@pytest.fixture
def nights(workshop: Workshop) -> Iterator[Nights]:
    source = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))["sources"][0]
    server = FxiaokeServer(tenant_of(source))
    with serving_fxiaoke(server) as running:
        yield Nights(workshop, server, running.url, source)


def test_first_load_then_nothing_then_a_night_of_changes(nights: Nights) -> None:
    store = nights.server.store
    first = nights.run()
    assert {entity: (each.new, each.quarantined) for entity, each in first.items()} == {
        "accounts": (7, 0), "contacts": (1, 0), "opportunities": (1, 0), "products": (1, 0), "orders": (5, 0),
        "order_lines": (5, 0), "payments": (1, 0), "interactions": (1, 0), "tickets": (1, 0),
        "account_managers": (2, 0),
    }  # fmt: skip
    nights.assert_equal()
    nights.next_day()
    second = nights.run()
    assert {(each.new, each.changed, each.deleted) for each in second.values()} == {(0, 0, 0)}

    nights.next_day()
    keys = sorted(store.living("AccountObj"))
    store.update("AccountObj", keys[0], name="改名")
    store.invalidate("AccountObj", keys[1])
    store.delete("AccountObj", keys[2])
    store.purge("AccountObj", keys[3])
    store.insert("AccountObj", name="新客户")
    third = nights.run()["accounts"]
    assert (third.new, third.changed, third.deleted) == (1, 1, 3)
    nights.assert_equal()

    nights.next_day()
    store.recover("AccountObj", keys[1])
    nights.run()
    nights.assert_equal()


def test_values_come_as_people_read_them(nights: Nights) -> None:
    nights.run()
    (account, *_) = nights.raw("accounts", "account_name, region, account_manager_id")
    assert account[1:] == ("上海", "1001")
    columns = "status, amount, probability, expected_close_date::text, closed_at is not null"
    assert nights.raw("opportunities", columns) == [("won", Decimal("1234.50"), Decimal("0.80"), "2025-12-31", True)]
    assert set(nights.raw("order_lines", "quantity, net_amount")) == {(Decimal(3), Decimal("299.70"))}
    assert nights.raw("interactions", "kind") == [("call",)]
    assert nights.raw("tickets", "status") == [("resolved",)]
    assert nights.raw("account_managers", "account_manager_id, account_manager_name") == [
        ("1000", "管理员"), ("1001", "李雷"),
    ]  # fmt: skip


@settings(  # all on one company, a night each, so nothing can be made smaller
    max_examples=4, deadline=None, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(
    st.lists(st.integers(1, 25), min_size=1, max_size=3),
    st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 30)), max_size=4),
)
def test_a_night_that_is_killed_between_pages_under_faults_ends_with_everything(
    nights: Nights, kills: list[int], faults: list[tuple[Any, int]]
) -> None:
    nights.next_day()
    store = nights.server.store
    key = store.insert("AccountObj", name="neu")
    store.update("SalesOrderObj", sorted(store.living("SalesOrderObj"))[0], name=key)
    nights.server.script.faults[:] = [Fault(kind, at=at, path=QUERY) for kind, at in faults]
    for kill_after in kills:
        try:
            nights.run(kill_after=kill_after)
        except Killed:
            continue
        break
    nights.run()
    nights.assert_equal()
