from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

import psycopg
import pytest

from delivery.lists import NoListPolicyError
from tests.delivery.conftest import AS_OF
from tests.delivery.listing import Build, a_build
from warehouse.company import Company
from warehouse.database import Role, Warehouse
from warehouse.ledger import stage
from warehouse.night import FencedError, Night


@pytest.fixture
def build(warehouse: Warehouse, night: Night, test_company: Company) -> Iterator[Build]:
    with a_build(warehouse, night, test_company) as build:
        yield build


def with_desk(build: Build, company: Company) -> Build:
    return replace(build, company=company)


def test_a_list_is_in_the_order_of_the_money_at_stake_and_then_of_the_id(build: Build) -> None:
    build.add_manager("ann", capacity=10)
    for account_id, loss in (("b", 5), ("a", 5), ("B", 5), ("z", 9), ("n", None), ("m", 7.5)):
        build.add_account(account_id, "ann", loss)
    report = build.run()
    assert build.listed() == {"ann": ["z", "m", "B", "a", "b", "n"]}
    assert [row["rank"] for row in build.rows()] == [1, 2, 3, 4, 5, 6]
    assert (report.managers_count, report.rows_count, report.new_count) == (1, 6, 6)


@pytest.mark.parametrize(("capacity", "expected"), [(None, 3), (1, 1), (0, 0), (4, 4), (99, 5)])
def test_a_list_is_no_longer_than_its_manager_can_call(build: Build, capacity: int | None, expected: int) -> None:
    build.add_manager("ann", capacity=capacity)
    for number in range(5):
        build.add_account(f"a{number}", "ann", number)
    report = build.run()
    assert len(build.rows()) == expected
    assert report.over_capacity_count == 5 - expected


def test_only_bands_with_a_play_are_listed(build: Build) -> None:
    build.add_manager("ann")
    build.add_account("high", "ann", 1, band_code="high")
    build.add_account("medium", "ann", 2, band_code="medium", stage_code="declining")
    build.add_account("low", "ann", 999, band_code="low")
    build.run()
    assert {row["account_id"]: row["play_code"] for row in build.rows()} == {"high": "wake_up", "medium": "find_cause"}


def test_an_account_whose_stage_has_no_play_is_listed_without_one(build: Build) -> None:
    build.add_manager("ann")
    build.add_account("a", "ann", 1, stage_code="prospect")
    build.run()
    (row,) = build.rows()
    assert (row["play_code"], row["stage_code"]) == (None, "prospect")


def test_our_own_companies_are_never_on_a_list(build: Build) -> None:
    build.add_manager("ann")
    build.add_account("us", "ann", 1, is_internal=True)
    assert build.run().rows_count == 0


@pytest.mark.parametrize("owner", [None, "unknown", "gone"])
def test_an_account_without_an_active_manager_goes_to_the_desk(
    build: Build, company: Company, owner: str | None
) -> None:
    build.add_manager("gone", is_active=False)
    build.add_account("a", owner, 1)
    report = with_desk(build, company).run()
    assert build.listed() == {"desk": ["a"]}
    assert (report.desk_count, report.unowned_count) == (1, 0)


@pytest.mark.parametrize("owner", [None, "unknown", "gone"])
def test_without_a_desk_an_unowned_account_is_counted_and_told(build: Build, owner: str | None) -> None:
    build.add_manager("gone", is_active=False)
    build.add_account("a", owner, 1)
    report = build.run()
    assert build.rows() == []
    assert report.unowned_count == 1
    assert any("fallback_manager" in line for line in report.lines())


@pytest.mark.parametrize(
    ("code", "value", "peer", "english", "chinese"),
    [
        ("days_since_last_order", 93, 24, "Last order 93 days ago (similar: 24)", "距上次下单 93 天（24）"),
        ("return_rate_365d", 0.1234, 0.03, "Returned 12 % (similar: 3 %)", "退货 12%（3%）"),
        ("order_days_trend_rate", -0.5, 0, "Change -50 % (similar: 0 %)", "变化 -50%（0%）"),
        ("overdue_ratio", 3.25, 0.96, "Silent for 3.3 times (similar: 1)", "3.3 倍（1）"),
        ("net_revenue_365d_amount", 1234567.8, 99.5, "Revenue of 1,234,568 (similar: 100)", "收入 1,234,568（100）"),
        ("overdue_ratio", 2.5, None, "Silent for 2.5 times (similar: –)", "2.5 倍（–）"),
        ("overdue_ratio", 0, 0.04, "Silent for 0 times (similar: 0)", "0 倍（0）"),
        ("unheard_of", 1, 2, None, None),
    ],
)
def test_a_reason_is_a_sentence_with_both_numbers(
    build: Build, code: str, value: float, peer: float | None, english: str | None, chinese: str | None
) -> None:
    build.add_manager("ann")
    build.add_account("a", "ann", 1, reason_2_code=code, reason_2_value=value, reason_2_peer_value=peer)
    build.run()
    (row,) = build.rows()
    assert (row["reason_2_text_en"], row["reason_2_text_zh"]) == (english, chinese)
    assert (row["reason_2_code"], row["reason_1_code"], row["reason_1_text_en"]) == (code, None, None)


def test_building_the_lists_twice_gives_the_same_lists(build: Build) -> None:
    build.add_manager("ann")
    for number in range(5):
        build.add_account(f"a{number}", "ann", 1)
    build.run()
    first = build.rows()
    build.run()
    assert build.rows() == first


def test_an_account_is_new_when_it_was_not_on_the_same_managers_list(build: Build, warehouse: Warehouse) -> None:
    for manager in ("ann", "bob"):
        build.add_manager(manager)
    for account_id, manager in (("stays", "ann"), ("moves", "bob"), ("comes", "ann")):
        build.add_account(account_id, manager, 1)
    with warehouse.connect_admin() as connection:
        _publish(connection, 900, {"ann": ["stays", "moves", "left"]}, as_of=date(2026, 3, 30))
    report = build.run()
    assert {row["account_id"]: row["is_new"] for row in build.rows()} == {"stays": False, "moves": True, "comes": True}
    assert report.new_count == 2


@pytest.mark.parametrize(
    ("gen", "expected"),
    [(6, ["comes", "stays"]), (5, ["stays"]), (7, ["stays"])],
    ids=["the next night", "the live night again", "the live day under another name"],
)
def test_a_list_is_compared_with_that_of_an_earlier_day(warehouse: Warehouse, gen: int, expected: list[str]) -> None:
    with warehouse.connect_admin() as connection:
        _publish(connection, 4, {"ann": ["stays"]}, as_of=date(2026, 3, 30))
        _publish(connection, 5, {"ann": ["stays", "comes"]}, as_of=AS_OF)
        connection.execute(
            "insert into ops.runs (gen, run_id, as_of, timezone) values (6, 'next', %s, 'Europe/Berlin'),"
            " (7, 'again', %s, 'Europe/Berlin')",
            (date(2026, 4, 1), AS_OF),
        )
    with warehouse.connect(Role.SCORER) as connection:
        rows = connection.execute("select account_id from ops.last_list(%s) order by 1", (gen,)).fetchall()
    assert [account_id for (account_id,) in rows] == expected


def test_an_older_attempt_writes_nothing(build: Build, warehouse: Warehouse, night: Night) -> None:
    build.add_manager("ann")
    build.add_account("a", "ann", 1)
    build.assign()
    with stage(warehouse, night, "score"), pytest.raises(FencedError):
        build.lists()
    row = build.connection.execute("select to_regclass('build_test.fct_churn_lists')").fetchone()
    assert row == (None,)


@pytest.mark.parametrize("statement", ["delete from", "update"])
def test_a_policy_without_a_capacity_stops_the_night(build: Build, statement: str) -> None:
    change = "delete from policy_parameters" if statement == "delete from" else "update policy_parameters set value = 0"
    build.connection.execute(change)
    with pytest.raises(NoListPolicyError, match="list_capacity"):
        build.run()


@pytest.mark.parametrize("has_desk", [True, False])
def test_random_companies_get_the_lists_a_plain_loop_makes(build: Build, company: Company, has_desk: bool) -> None:
    draw = random.Random(11)
    capacities: dict[str, int | None] = {f"m{number}": draw.choice([None, 1, 2, 5]) for number in range(10)}
    active = {manager: draw.random() < 0.8 for manager in capacities}
    here = [manager for manager in capacities if active[manager]]
    away = {manager: draw.choice(here[3:]) for manager in here[:3]}
    for manager, capacity in capacities.items():
        build.add_manager(manager, is_active=active[manager], capacity=capacity, covered_by=away.get(manager))
    accounts: list[tuple[str, str | None, int, str]] = []
    for number in range(150):
        owner = draw.choice([*capacities, None, "nobody"])
        band = draw.choice(["high", "medium", "low"])
        accounts.append((f"a{number:03d}", owner, draw.randint(0, 20), band))
        build.add_account(accounts[-1][0], owner, accounts[-1][2], band_code=band)
    report = (with_desk(build, company) if has_desk else build).run()

    expected, over, unowned = _plain_lists(accounts, capacities, active, away, desk="desk" if has_desk else None)
    assert build.listed() == expected
    assert (report.over_capacity_count, report.unowned_count) == (over, unowned)
    assert report.rows_count == sum(map(len, expected.values()))
    owner_of = {account_id: owner for account_id, owner, _, _ in accounts}
    for row in build.rows():
        holder, owner = row["account_manager_id"], owner_of[row["account_id"]]
        is_stood_in_for = owner is not None and active.get(owner, False) and away.get(owner) == holder
        assert holder == owner or is_stood_in_for or (holder == "desk" and not active.get(owner or ""))
        assert row["stands_in_for_id"] == (owner if is_stood_in_for else None)


def _plain_lists(
    accounts: Sequence[tuple[str, str | None, int, str]],
    capacities: Mapping[str, int | None],
    active: Mapping[str, bool],
    away: Mapping[str, str],
    *,
    desk: str | None,
) -> tuple[dict[str, list[str]], int, int]:
    wanted: dict[str, list[tuple[int, str]]] = {}
    unowned = 0
    for account_id, owner, loss, band in accounts:
        if band == "low":
            continue
        manager = away.get(owner, owner) if owner is not None and active.get(owner) else desk
        if manager is None:
            unowned += 1
        else:
            wanted.setdefault(manager, []).append((-loss, account_id))
    lists = {}
    for manager, each in wanted.items():
        room = sum(capacities.get(name) or 3 for name in (manager, *(who for who in away if away[who] == manager)))
        lists[manager] = [account_id for _, account_id in sorted(each)][:room]
    over = sum(len(each) - len(lists[manager]) for manager, each in wanted.items())
    return lists, over, unowned


def _publish(connection: psycopg.Connection, gen: int, lists: Mapping[str, Sequence[str]], *, as_of: date) -> None:
    connection.execute(
        "insert into ops.runs (gen, run_id, as_of, timezone, state, published_at)"
        " values (%s, %s, %s, 'Europe/Berlin', 'published', now())"
        " on conflict (gen) do update set state = 'published', published_at = now()",
        (gen, f"night {gen}", as_of),
    )
    for manager, accounts in lists.items():
        for account_id in accounts:
            connection.execute(
                "insert into pub.fct_churn_lists (gen, account_manager_id, account_id) values (%s, %s, %s)",
                (gen, manager, account_id),
            )
    connection.execute(
        "insert into ops.published (gen, as_of) values (%s, %s)"
        " on conflict (is_only) do update set gen = excluded.gen, as_of = excluded.as_of",
        (gen, as_of),
    )
