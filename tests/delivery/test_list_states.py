"""How an account stands beside the lists before, whose list it is on, when it rests; told a second time by loops."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.delivery.conftest import AS_OF
from tests.delivery.listing import Build, a_build
from tests.delivery.telling import Told, answer, tell
from warehouse.company import Company
from warehouse.database import Warehouse
from warehouse.night import Night

WORSENED, SHOWN, COOLDOWN, MEMORY, CAPACITY = 0.1, 3, 7, 20, 3  # as listing.py has them
FROM = {"high": 0.6, "medium": 0.3, "low": 0.0}


@pytest.fixture
def build(warehouse: Warehouse, night: Night, test_company: Company) -> Iterator[Build]:
    with a_build(warehouse, night, test_company) as build:
        build.connection.execute("update policy_plays set stage_code = null")
        yield build


def before(build: Build, *nights: Sequence[Told]) -> None:
    """Publish the nights up to the one before AS_OF, the last one last."""
    with build.warehouse.connect_admin() as connection:
        for age, rows in enumerate(reversed(nights), start=1):
            tell(connection, 1000 - age, AS_OF - timedelta(days=age), rows)


def statuses(build: Build) -> dict[str, str]:
    return {row["account_id"]: row["status_code"] for row in build.rows()}


CASES: list[tuple[Told, dict[str, Any], str]] = [
    (Told("small rise"), {"churn_probability": 0.79}, "still_open"),
    (Told("rise"), {"churn_probability": 0.80}, "worsened"),
    (Told("fall"), {"churn_probability": 0.61}, "still_open"),
    (Told("band", band_code="medium", churn_probability=0.59), {"churn_probability": 0.60}, "worsened"),
    (Told("low now"), {"band_code": "low", "churn_probability": 0.2}, "recovered"),
    (Told("ordered"), {"days_since_last_order": 0}, "recovered"),
    (Told("ordered before"), {"days_since_last_order": 1}, "still_open"),
    (Told("another's", owner_id="bob"), {}, "new"),
    (Told("back", status_code="recovered", band_code="medium"), {}, "new"),
    (Told("of old", status_code=None), {}, "still_open"),
    (Told("of a rule", churn_probability=None), {"churn_probability": float("nan")}, "still_open"),
    (Told("elsewhere"), {"is_scored": False}, ""),
]


def test_an_account_stands_so_beside_the_list_before(build: Build) -> None:
    build.add_manager("ann", capacity=99)
    for told, now, _ in CASES:
        build.add_account(told.account_id, "ann", 1, **now)
    build.add_account("never told", "ann", 1)
    before(build, [told for told, _, _ in CASES])
    build.run()
    expected = {told.account_id: status for told, _, status in CASES if status} | {"never told": "new"}
    assert statuses(build) == expected
    names = {"new": "New", "worsened": "Worse", "still_open": "Open", "recovered": "Well"}
    for row in build.rows():
        assert row["status_name_en"] == names[row["status_code"]]
        assert row["is_new"] is (row["status_code"] == "new")
        assert (row["play_code"] is None) is (row["status_code"] == "recovered")


def test_a_risk_that_creeps_up_is_told_once_it_has_come_far(build: Build) -> None:
    build.add_manager("ann")
    build.add_account("a", "ann", 1, churn_probability=0.82)
    before(
        build,
        [Told("a", churn_probability=0.70)],
        [Told("a", status_code="still_open", churn_probability=0.76)],
    )
    build.run()
    (row,) = build.rows()
    assert (row["status_code"], row["former_probability"], row["former_band_code"]) == ("worsened", 0.70, "high")


def test_under_contract_nobody_recovers_by_ordering(build: Build) -> None:
    build.add_manager("ann")
    build.add_account("a", "ann", 1, days_since_last_order=0)
    build.connection.execute("update int_churn_kinds_chosen set is_scored = churn_kind = 'contractual'")
    before(build, [Told("a")])
    build.run()
    assert statuses(build) == {"a": "still_open"}


def test_who_recovered_is_told_once_after_those_at_risk_and_takes_nobodys_place(build: Build) -> None:
    build.add_manager("ann", capacity=2)
    for number in range(3):
        build.add_account(f"risky{number}", "ann", number)
    for name, loss in (("well", 5), ("gladly", 9)):
        build.add_account(name, "ann", loss, band_code="low", churn_probability=0.1)
    before(build, [Told("well"), Told("gladly")])
    report = build.run()
    assert build.listed() == {"ann": ["risky2", "risky1", "gladly", "well"]}
    assert [row["rank"] for row in build.rows()] == [1, 2, 3, 4]
    assert (report.rows_count, report.recovered_count, report.over_capacity_count) == (2, 2, 1)
    assert "2 accounts have recovered" in "\n".join(report.lines())


def test_who_is_held_out_by_chance_or_unscored_has_not_recovered(build: Build) -> None:
    build.add_manager("ann")
    build.add_account("held", "ann", 1, band_code="low")
    build.add_account("silent", "ann", 1, is_scored=False)
    build.assign()
    with build.warehouse.connect_admin() as connection:
        connection.execute(
            "insert into build_test.fct_programme_assignments (programme_assignment_key, programme_code, account_id,"
            " arm) values ('save|held', 'save', 'held', 'holdout')"
        )
    before(build, [Told("held"), Told("silent")])
    build.lists()
    assert build.rows() == []


def test_the_code_of_a_row_is_that_of_manager_and_account(build: Build) -> None:
    build.add_manager("ann")
    build.add_account("客户-1", "ann", 1)
    build.run()
    (row,) = build.rows()
    assert row["row_code"] == "GX-" + hashlib.sha256("ann|客户-1".encode()).hexdigest()[:8].upper()


def test_while_a_manager_is_away_the_stand_in_gets_both_lists_and_calls_for_two(build: Build) -> None:
    build.add_manager("ann", capacity=1, covered_by="bob")
    build.add_manager("bob", capacity=1)
    build.add_manager("cat", capacity=1)
    for name, owner, loss in (("a1", "ann", 9), ("a2", "ann", 5), ("b1", "bob", 7), ("b2", "bob", 4), ("c1", "cat", 1)):
        build.add_account(name, owner, loss)
    before(build, [Told("a1"), Told("b1")])
    report = build.run()
    assert build.listed() == {"bob": ["a1", "b1"], "cat": ["c1"]}
    rows = {row["account_id"]: row for row in build.rows()}
    assert {name: row["stands_in_for_id"] for name, row in rows.items()} == {"a1": "ann", "b1": None, "c1": None}
    assert rows["a1"]["status_code"] == "still_open", "its manager was told of it"
    assert rows["a1"]["row_code"] == "GX-" + hashlib.sha256(b"bob|a1").hexdigest()[:8].upper()
    assert report.stood_in_count == 1


def test_who_is_snoozed_by_its_manager_or_stand_in_is_not_listed(build: Build) -> None:
    build.add_manager("ann", capacity=99, covered_by="bob")
    build.add_manager("bob")
    until = {"today": ("ann", 0), "on": ("ann", 5), "over": ("ann", -1), "stand-in": ("bob", 5), "stranger": ("cat", 5)}
    until["called since"] = ("ann", 5)
    for name in (*until, "answered"):
        build.add_account(name, "ann", 1, churn_probability=0.99)
    before(build, [Told(name) for name in until])
    noon = datetime(AS_OF.year, AS_OF.month, AS_OF.day, 12, tzinfo=UTC)
    with build.warehouse.connect_admin() as connection:
        answers = [(name, who, noon, "snooze", AS_OF + timedelta(days=days)) for name, (who, days) in until.items()]
        later = [(name, "ann", noon + timedelta(minutes=1), "called", None) for name in ("answered", "called since")]
        answer(connection, [*answers, *later])
    report = build.run()
    assert set(statuses(build)) == {"over", "stranger", "answered", "called since"}
    assert (report.snoozed_count, report.over_capacity_count) == (3, 0)


def test_what_was_said_after_the_night_changes_it_no_more(build: Build) -> None:
    build.add_manager("ann")
    build.add_account("a", "ann", 1)
    later = datetime(AS_OF.year, AS_OF.month, AS_OF.day, 12, tzinfo=UTC) + timedelta(days=1)
    with build.warehouse.connect_admin() as connection:
        answer(connection, [("a", "ann", later, "snooze", AS_OF + timedelta(days=9))])
    build.run()
    (row,) = build.rows()
    assert row["answer_outcome_code"] is None


@dataclass(slots=True)
class Memory:
    """What a plain loop remembers of the lists."""

    last_list: dict[str, Told] = field(default_factory=dict)
    last_day: date | None = None
    mails: dict[str, list[tuple[date, Told]]] = field(default_factory=dict)

    def status(self, account: str, owner: str, risk: float, band: str, silent: int, day: date) -> str | None:
        """The status of an account tonight; None when it is not to be listed, 'rests' when it rests."""
        told = self._told(account, owner)
        if not told:
            return "new" if band != "low" else None
        latest_day, latest = told[-1]
        changed = next((row for _, row in reversed(told) if row.status_code != "still_open"), latest)
        assert changed.churn_probability is not None
        assert changed.band_code is not None
        is_worse = risk - changed.churn_probability >= WORSENED - 1e-9 or FROM[band] > FROM[changed.band_code]
        age = (day - latest_day).days
        is_open = latest.status_code != "recovered" and (age <= MEMORY or latest_day == self.last_day)
        if is_open and (band == "low" or silent < age):
            status = "recovered"
        elif band == "low":
            return None
        elif not is_open:
            rests = latest.status_code == "recovered" and age < COOLDOWN and not is_worse
            status = "rests" if rests else "new"
        elif is_worse:
            status = "worsened"
        else:
            status = "rests" if self._was_shown_enough(account, day) else "still_open"
        return status

    def _told(self, account: str, owner: str) -> list[tuple[date, Told]]:
        told = [entry for entry in self.mails.get(account, []) if entry[0] != self.last_day]
        if account in self.last_list and self.last_day is not None:
            told.append((self.last_day, self.last_list[account]))
        return told if told and told[-1][1].owner_id == owner else []

    def _was_shown_enough(self, account: str, day: date) -> bool:
        count, previous = 0, None
        for each, row in self.mails.get(account, []):
            is_fresh = row.status_code != "still_open" or previous is None or (each - previous).days >= COOLDOWN
            count = 1 if is_fresh else count + 1
            previous = each
        return previous is not None and count >= SHOWN and (day - previous).days < COOLDOWN


def test_nights_by_chance_are_told_as_a_plain_loop_tells_them(build: Build, night: Night) -> None:
    draw = random.Random(5)
    managers = ["ann", "bob", "cat"]
    for manager in managers:
        build.add_manager(manager)
    accounts = {f"a{number:02d}": draw.choice(managers) for number in range(30)}
    for number, (name, owner) in enumerate(accounts.items()):
        build.add_account(name, owner, number)
    risk = {name: draw.choice([0.1, 0.35, 0.55, 0.7]) for name in accounts}
    memory, seen = Memory(), dict.fromkeys(("new", "worsened", "still_open", "recovered", "rests", None), 0)
    for step in range(28):
        day = AS_OF + timedelta(days=step * 2 if step > 20 else step)
        silent = {name: 0 if draw.random() < 0.04 else 40 for name in accounts}
        for name in draw.sample(sorted(accounts), 5):
            risk[name] = min(0.95, max(0.05, round(risk[name] + draw.choice([-0.3, -0.06, 0.06, 0.11, 0.3]), 2)))
        if step % 3 == 0:
            accounts[draw.choice(sorted(accounts))] = draw.choice(managers)
        bands = {name: _band(each) for name, each in risk.items()}
        _live_through(build, night, day, accounts, risk, bands, silent)
        build.run(as_of=day)

        expected: dict[str, list[tuple[str, str]]] = {}
        for manager in managers:
            own = [name for name in accounts if accounts[name] == manager]
            status = {name: memory.status(name, manager, risk[name], bands[name], silent[name], day) for name in own}
            for each in status.values():
                seen[each] += 1
            risky = [name for name in reversed(own) if status[name] in {"new", "worsened", "still_open"}][:CAPACITY]
            well = [name for name in own if status[name] == "recovered"]
            expected[manager] = [(name, str(status[name])) for name in risky] + sorted(
                (name, "recovered") for name in well
            )
        found: dict[str, list[tuple[str, str]]] = {manager: [] for manager in managers}
        for row in build.rows():
            found[row["account_manager_id"]].append((row["account_id"], row["status_code"]))
        for manager in managers:
            risky_count = sum(status != "recovered" for _, status in expected[manager])
            found[manager][risky_count:] = sorted(found[manager][risky_count:])
        assert found == expected, day
        _publish(build, memory, 2000 + step, day, draw)
    assert min(seen.values()) > 5, seen


def _band(risk: float) -> str:
    return next(band for band, low in FROM.items() if risk >= low)


def _risky(accounts: Mapping[str, str], status: Mapping[str, str | None]) -> list[tuple[str, str, str]]:
    """Who is listed as at risk: of each manager the dearest, which come last in `accounts`, as many as fit."""
    told = []
    for manager in sorted(set(accounts.values())):
        own = [name for name in reversed(list(accounts)) if accounts[name] == manager]
        open_ones = [name for name in own if status[name] in {"new", "worsened", "still_open"}]
        told += [(manager, name, str(status[name])) for name in open_ones[:CAPACITY]]
    return told


def _live_through(
    build: Build, night: Night, day: date, owners: Mapping[str, str], risk: Mapping[str, float],
    bands: Mapping[str, str], silent: Mapping[str, int],
) -> None:  # fmt: skip
    build.connection.commit()
    with build.warehouse.connect_admin() as connection, connection.cursor() as cursor:
        cursor.execute("update ops.runs set as_of = %s where gen = %s", (day, night.gen))
        cursor.executemany(
            "update build_test.fct_churn_scores set churn_probability = %s, band_code = %s where account_id = %s",
            [(risk[name], bands[name], name) for name in owners],
        )
        cursor.executemany(
            "update build_test.fct_account_lifecycle_months set days_since_last_order = %s where account_id = %s",
            [(silent[name], name) for name in owners],
        )
        cursor.executemany(
            "update build_test.dim_accounts set account_manager_id = %s where account_id = %s",
            [(owner, name) for name, owner in owners.items()],
        )


def _publish(build: Build, memory: Memory, gen: int, day: date, draw: random.Random) -> None:
    is_mailed = draw.random() < 0.9
    rows = [
        Told(
            row["account_id"], row["account_manager_id"], row["status_code"], row["band_code"],
            row["churn_probability"], is_mailed,
        )
        for row in build.rows()
    ]  # fmt: skip
    with build.warehouse.connect_admin() as connection:
        tell(connection, gen, day, rows)
    memory.last_list, memory.last_day = {row.account_id: row for row in rows}, day
    for row in rows:
        if is_mailed:
            memory.mails.setdefault(row.account_id, []).append((day, replace(row)))


def test_a_row_tells_of_relationship_contact_mails_answers_and_orders(build: Build) -> None:
    build.add_manager("ann")
    build.add_account("a", "ann", 9, tier_code="S", margin_at_risk_amount=123.456)
    build.add_account("planned", "ann", 8, tier_code="N")
    build.add_account("bare", "ann", 7, tier_code="S")
    for name, level, roles in (("a", "vendor", 2), ("planned", "partner", None)):
        build.add(
            "fct_account_relationships",
            account_id=name, is_current=True, unfilled_roles_count=roles, organisation_level_code=level,
            organisation_level_name_en=level.title(), organisation_level_name_zh="级",
        )  # fmt: skip
    plan: dict[str, Any] = {
        "account_id": "planned", "is_open": True, "gap_value": 2, "dimension_name_en": "General",
        "dimension_name_zh": "普遍", "current_level_name_en": "D", "target_level_name_en": "B", "due_date": AS_OF,
    }  # fmt: skip
    build.add("fct_relationship_plans", relationship_plan_key="1", **plan)
    build.add(
        "fct_relationship_plans", relationship_plan_key="2", **plan | {"contact_key": "x", "due_date": date(2020, 1, 1)}
    )
    build.add(
        "fct_relationship_plans", relationship_plan_key="3", **plan | {"is_open": False, "due_date": date(2020, 1, 1)}
    )
    for age, is_done, two_way in ((12, True, True), (3, True, False), (1, False, True), (-2, True, True)):
        build.add(
            "fct_interactions", account_id="a", happened_date=AS_OF - timedelta(days=age), is_done=is_done,
            is_two_way=two_way,
        )  # fmt: skip
    for day in ("2026-03-31", "2026-03-31", "2026-03-01", "2025-04-01", "2025-03-31", "2026-01-15"):
        build.add(
            "fct_order_lines", account_id="a", order_date=date.fromisoformat(day), is_revenue=True, is_return=False
        )
    build.add("fct_order_lines", account_id="a", order_date=date(2026, 2, 2), is_revenue=True, is_return=True)
    before(
        build,
        [Told("a")],
        [Told("a", status_code="recovered")],
        [Told("a", owner_id="bob")],
        [Told("a", status_code="worsened")],
    )
    said = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)  # the first of April where the company is
    with build.warehouse.connect_admin() as connection:
        answer(
            connection, [("a", "ann", said, "called", None), ("a", "bob", said - timedelta(days=9), "visited", None)]
        )
    build.run()
    rows = {row["account_id"]: row for row in build.rows()}
    row = rows["a"]
    assert (row["relationship_dimension_en"], row["relationship_level_en"], row["relationship_target_en"]) == (
        "Organisation", "Vendor", "Partner",
    )  # fmt: skip
    assert (row["relationship_gap_value"], row["unfilled_roles_count"]) == (3, 2)
    assert row["days_since_last_contact"] == 12
    assert (row["mailed_days_count"], row["first_mailed_date"], row["last_mailed_date"]) == (
        3, AS_OF - timedelta(days=4), AS_OF - timedelta(days=1),
    )  # fmt: skip
    assert (row["answer_outcome_code"], row["answer_date"], row["is_unanswered"]) == ("called", date(2026, 4, 1), False)
    assert row["order_days_12m"] == "1,0,0,0,0,0,0,0,0,1,0,2"
    assert float(row["margin_at_risk_amount"]) == 123.46
    planned = rows["planned"]
    told = [planned[f"relationship_{part}_en"] for part in ("dimension", "level", "target")]
    assert told == ["General", "D", "B"]
    bare = rows["bare"]
    assert (bare["relationship_level_en"], bare["relationship_gap_value"], bare["days_since_last_contact"]) == (
        None,
    ) * 3
    assert (bare["mailed_days_count"], bare["is_unanswered"], bare["order_days_12m"]) == (0, False, ",".join("0" * 12))


def test_who_was_told_and_gave_no_answer_since_is_unanswered(build: Build) -> None:
    build.add_manager("ann")
    for name in ("silent", "answered", "older"):
        build.add_account(name, "ann", 1)
    before(build, [Told("silent"), Told("answered"), Told("older")])
    said = datetime(2026, 3, 30, 12, tzinfo=UTC)
    with build.warehouse.connect_admin() as connection:
        answer(
            connection,
            [("answered", "ann", said, "called", None), ("older", "ann", said - timedelta(days=5), "called", None)],
        )
    build.run()
    assert {row["account_id"]: row["is_unanswered"] for row in build.rows()} == {
        "silent": True, "answered": False, "older": True,
    }  # fmt: skip
