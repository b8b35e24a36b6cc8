"""Lists that look wrong are told and held; small companies and first nights are not held for what chance does."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from datetime import date, timedelta
from math import sqrt
from typing import Any

import pytest
from psycopg.rows import dict_row

from delivery.list_checks import LooksWrong, build_list_checks
from tests.delivery.conftest import AS_OF, Publisher
from tests.delivery.listing import SCHEMA, Build, a_build
from warehouse.company import Company
from warehouse.database import Role, Warehouse
from warehouse.ledger import stage
from warehouse.night import FencedError, Night
from warehouse.settings import ROOT

POLICY = ROOT / "dbt_project" / "seeds" / "policy" / "policy_list_checks.csv"
NUMBERS = ("limit_minimum", "limit_maximum", "rows_minimum", "managers_minimum", "days_maximum", "deviations_minimum")
YESTERDAY = AS_OF - timedelta(days=1)
MANAGERS = ("ann", "bob", "eve", "kim")


@pytest.fixture
def build(warehouse: Warehouse, night: Night, test_company: Company) -> Iterator[Build]:
    with a_build(warehouse, night, test_company) as build:
        build.connection.execute(
            "create table policy_list_checks (check_code text, unit text, name_en text, name_zh text, text_en text,"
            " text_zh text, limit_minimum numeric, limit_maximum numeric, rows_minimum integer,"
            " managers_minimum integer, days_maximum integer, deviations_minimum numeric, is_holding boolean)"
        )
        with POLICY.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                values = [value or None if name in NUMBERS else value for name, value in row.items()]
                build.connection.execute(
                    "insert into policy_list_checks values (%s, %s, %s, %s, %s, %s, %s::numeric, %s::numeric, %s::int,"
                    " %s::int, %s::int, %s::numeric, %s::boolean)",
                    values,
                )
        build.connection.execute("grant select on policy_list_checks to guanxi_scorer")
        build.connection.execute("update policy_parameters set value = 500 where parameter = 'list_capacity'")
        for manager in MANAGERS:
            build.add_manager(manager)
        yield build


def at_risk(build: Build, count: int, *, first: int = 0, **changes: Any) -> None:
    """Let so many accounts be at risk tonight, spread over the managers, each with a probability of its own."""
    for number in range(first, first + count):
        values = {"churn_probability": 0.61 + number / 10_000} | changes
        manager = values.pop("manager", MANAGERS[number % len(MANAGERS)])
        build.add_account(f"A{number}", manager, 1000 - number, **values)


def before(publisher: Publisher, count: int, *, first: int = 0, day: date = YESTERDAY, **changes: Any) -> None:
    """Let so many have been at risk and listed in a night that was published; their order was a day less ago."""
    publisher.gen += 100
    publisher.connection.execute(
        "insert into ops.runs (gen, run_id, as_of, timezone, state, published_at)"
        " values (%s, %s, %s, 'Europe/Berlin', 'published', now())",
        (publisher.gen, f"night {publisher.gen}", day),
    )
    for number in range(first, first + count):
        values = {"owned": True, "probability": 0.61 + number / 10_000, "days": 39} | changes
        publisher.connection.execute(
            "insert into pub.fct_account_next_actions (gen, account_id, has_own_manager) values (%s, %s, %s)",
            (publisher.gen, f"A{number}", values["owned"]),
        )
        publisher.connection.execute(
            "insert into pub.fct_churn_lists (gen, account_id, churn_probability, days_since_last_order)"
            " values (%s, %s, %s, %s)",
            (publisher.gen, f"A{number}", values["probability"], values["days"]),
        )
    publisher.connection.commit()


def forget(build: Build, publisher: Publisher) -> None:
    """Let there be no account and no earlier night again."""
    for table in ("fct_churn_scores", "dim_accounts", "fct_key_accounts", "fct_account_abc",
                  "fct_account_lifecycle_months"):  # fmt: skip
        build.connection.execute(f"delete from {table}".encode())
    build.connection.execute("update dim_account_managers set is_active = true")
    build.connection.commit()
    publisher.connection.execute("delete from ops.runs where run_id like 'night %'")
    publisher.connection.commit()


def check(build: Build, company: Company | None = None) -> list[LooksWrong]:
    build.run()
    with build.warehouse.connect(Role.SCORER) as scorer:
        return build_list_checks(
            scorer, claim=build.claim, schema=SCHEMA, as_of=AS_OF, company=company or build.company
        )


def rows(build: Build) -> dict[str, dict[str, Any]]:
    with build.warehouse.connect_admin() as connection, connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute("select * from build_test.fct_list_checks").fetchall()
    return {row["check_code"]: row for row in found}


def test_lists_as_on_any_other_day_keep_every_check(build: Build, publisher: Publisher) -> None:
    at_risk(build, 60)
    before(publisher, 55, first=3)
    assert check(build) == []
    found = rows(build)
    assert len(found) == 8
    assert all(row["is_checked"] and row["is_kept"] and not row["is_holding"] for row in found.values() if
               row["check_code"] != "fell_back")  # fmt: skip
    assert found["size"]["observed_value"] == pytest.approx(60 / 55)
    assert found["overlap"]["observed_value"] == 1
    assert found["one_manager"]["observed_value"] == 0.25
    assert {row["text_en"] for row in found.values()} == {None}


def test_a_first_night_is_compared_with_nothing(build: Build) -> None:
    at_risk(build, 60)
    assert check(build) == []
    found = rows(build)
    assert {code for code, row in found.items() if row["is_checked"]} == {"one_manager", "equal_risks", "inactive"}


SIZES = [
    (60, 25, "size: 2.40 times as many customers are at risk as the night before (60 after 25)"),
    (25, 60, "size: 0.42 times as many customers are at risk as the night before (25 after 60)"),
    (26, 8, "size: 3.25"), (25, 8, None), (24, 12, None), (19, 5, None), (20, 9, None), (8, 19, None), (60, 30, None),
]  # fmt: skip


def test_a_size_far_from_the_night_before_holds_the_lists_unless_chance_may_do_it(
    build: Build, publisher: Publisher
) -> None:
    """In one warehouse, since making one takes longer than a case."""
    for now, then, told in SIZES:
        forget(build, publisher)
        at_risk(build, now)
        before(publisher, then)
        found = [each for each in check(build) if each.check_code == "size"]
        assert [each.text[: len(told or "")] for each in found] == ([told] if told else []), (now, then)
        is_far = not 0.5 <= now / then <= 2 and abs(now - then) >= 3 * sqrt(now + then) and max(now, then) >= 20
        assert bool(found) is is_far
        assert all(each.is_holding for each in found)


OVERLAPS = [
    (18, 1, "overlap: only 30 % of the customers at risk the night before still are"),
    (19, 1, None),  # 3 deviations of 60 throws of a coin are 11.6
    (0, 3, "overlap: only 0 % of the customers at risk the night before still are"),
    (0, 4, None),
]


def test_few_who_still_are_at_risk_hold_the_lists(build: Build, publisher: Publisher) -> None:
    for kept, days, told in OVERLAPS:
        forget(build, publisher)
        at_risk(build, 60, first=60 - kept)
        before(publisher, 60, day=AS_OF - timedelta(days=days))
        assert [each.text for each in check(build)] == ([told] if told else []), (kept, days)


def test_a_night_in_which_nothing_moved_holds_the_lists_and_a_quiet_one_does_not(
    build: Build, publisher: Publisher
) -> None:
    at_risk(build, 30)
    before(publisher, 30)
    assert check(build) == [], "the same people with the same risk, and every last order a day longer ago"
    publisher.connection.execute("update pub.fct_churn_lists set days_since_last_order = 40")
    publisher.connection.commit()
    (found,) = check(build)
    assert found.text == "overlap: 100 % of the listed customers stand exactly as the night before"
    assert str(found) == f"the lists look wrong and are held: {found.text}"
    publisher.connection.execute("update pub.fct_churn_lists set days_since_last_order = null")
    build.connection.execute("update fct_account_lifecycle_months set days_since_last_order = null")
    publisher.connection.commit()
    assert check(build) == [], "a company of contracts, where a probability may stand still for a day"


def test_one_manager_with_nearly_all_holds_the_lists_where_there_are_three(build: Build) -> None:
    at_risk(build, 9)
    at_risk(build, 31, first=9, manager="ann")
    (found,) = check(build)
    assert found.text == "spread: one account manager has 85 % of the customers at risk"
    for manager in ("eve", "kim"):
        build.connection.execute("update dim_account_managers set is_active = false where account_manager_id = %s",
                                 (manager,))  # fmt: skip
    assert not rows(build)["one_manager"]["is_kept"]
    check(build)
    assert not rows(build)["one_manager"]["is_checked"], "two managers are no spread"


def test_one_probability_for_all_holds_the_lists(build: Build) -> None:
    at_risk(build, 2)
    at_risk(build, 38, first=2, churn_probability=0.7)
    assert check(build) == []
    at_risk(build, 20, first=40, churn_probability=0.7)
    assert [each.text for each in check(build)] == [
        "spread: 97 % of the customers at risk have one and the same probability"
    ]


def test_owners_that_are_lost_overnight_hold_the_lists(build: Build, publisher: Publisher) -> None:
    for unowned, told in ((12, []), (13, ["owners: the share of customers at risk without an active account manager"
                                          " rose by 22 %"])):  # fmt: skip
        forget(build, publisher)
        at_risk(build, 60 - unowned)
        at_risk(build, unowned, first=60 - unowned, manager=None)
        before(publisher, 60)
        assert [each.text for each in check(build) if each.check_code == "unowned"] == told


def test_a_company_that_never_had_owners_is_not_held(build: Build, publisher: Publisher) -> None:
    at_risk(build, 60, manager=None)
    before(publisher, 60, owned=False)
    assert check(build) == []


SPOILT = (
    "update dim_accounts set merged_into_account_id = 'A2' where account_id = 'A1'",
    "delete from fct_churn_scores where account_id = 'A1'",
    "delete from dim_accounts where account_id = 'A1'",
    "update dim_account_managers set is_active = false where account_manager_id = 'bob'",
)


def test_a_listed_account_that_is_nobodys_to_call_holds_the_lists(build: Build, publisher: Publisher) -> None:
    for spoil in SPOILT:
        forget(build, publisher)
        at_risk(build, 3)
        build.run()
        build.connection.execute(spoil.encode())
        build.connection.commit()
        with build.warehouse.connect(Role.SCORER) as scorer:
            (found,) = build_list_checks(scorer, claim=build.claim, schema=SCHEMA, as_of=AS_OF, company=build.company)
        assert found.text.startswith("owners: 1 listed customers are merged into others or not scored"), spoil
        assert found.is_holding


def test_the_desks_list_is_not_of_an_inactive_manager(build: Build, company: Company) -> None:
    build.company = company
    at_risk(build, 3, manager=None)
    assert check(build, company) == []


def test_a_model_that_fell_back_is_told_and_holds_the_lists_only_where_policy_says_so(
    build: Build, publisher: Publisher
) -> None:
    at_risk(build, 5, model_id="recency-2026")
    publisher.connection.execute(
        "insert into ops.models (model_id, kind, as_of, file_sha256, features, sklearn_version, metrics, note,"
        " is_champion, was_champion) values ('churn-2026', 'model', %s, 'x', '{}', '1', '{}', '', true, true)",
        (YESTERDAY,),
    )
    publisher.connection.commit()
    (found,) = check(build)
    assert str(found) == "the lists look wrong: the model fell back: recency-2026 scores in the stead of churn-2026"
    build.connection.execute("update policy_list_checks set is_holding = true where check_code = 'fell_back'")
    assert [each.is_holding for each in check(build)] == [True]
    build.connection.execute("update fct_churn_scores set model_id = 'churn-2026'")
    assert check(build) == []


def test_thirty_accounts_are_never_held_for_what_chance_does(build: Build, publisher: Publisher) -> None:
    """Each of 30 accounts is at risk on half of the days, by a coin: no list of such a company is held."""
    draw = random.Random(5)
    for _ in range(8):
        forget(build, publisher)
        for number in (each for each in range(30) if draw.random() < 0.5):
            at_risk(build, 1, first=number)
        before(publisher, draw.randint(5, 25), first=draw.randint(0, 5))
        assert [each.check_code for each in check(build) if each.is_holding] == []


def test_what_looks_wrong_is_why_the_churn_lists_alone_are_held(publisher: Publisher) -> None:
    gen = publisher.publish([{"id": "ann"}], {"ann": ["A1"]}, stale={"erp": AS_OF})
    for code, text, is_holding in [("size", "size: wrong", True), ("fell_back", "fell back", False), ("b", None, False),
                                   ("overlap", "overlap: wrong", True)]:  # fmt: skip
        publisher.connection.execute(
            "insert into pub.fct_list_checks (gen, check_code, text_en, is_kept, is_holding)"
            " values (%s, %s, %s, %s, %s)",
            (gen, code, text, text is None, is_holding),
        )
    publisher.enqueue(gen)
    told = publisher.connection.execute("select state, last_error from ops.outbox").fetchall()
    assert told == [("held", f"source erp is as of {AS_OF}; overlap: wrong; size: wrong")]
    reviews = publisher.connection.execute("select ops.why_mails_are_held(%s)", (gen,)).fetchone()
    assert reviews == (f"source erp is as of {AS_OF}",)


def test_an_older_attempt_checks_nothing(build: Build, warehouse: Warehouse, night: Night) -> None:
    at_risk(build, 1)
    build.run()
    with stage(warehouse, night, "score"), pytest.raises(FencedError), build.warehouse.connect(Role.SCORER) as scorer:
        build_list_checks(scorer, claim=build.claim, schema=SCHEMA, as_of=AS_OF, company=build.company)
