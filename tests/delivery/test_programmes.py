"""Programmes: who is in them, whom chance leaves out, for good; and that nobody left out is on a list."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from delivery.programmes import TABLE, UnknownProgrammeError
from tests.delivery.conftest import AS_OF
from tests.delivery.listing import Build, a_build
from warehouse.company import Company
from warehouse.database import Warehouse
from warehouse.ledger import stage
from warehouse.night import FencedError, Night


def with_holdouts(company: Company, *programmes: str) -> Company:
    return company.model_copy(update={"holdouts": programmes})


@pytest.fixture
def build(warehouse: Warehouse, night: Night, test_company: Company) -> Iterator[Build]:
    """A build of a company that leaves customers out of both programmes."""
    with a_build(warehouse, night, with_holdouts(test_company, "save", "win_back")) as build:
        yield build


def drawn(programme: str, account_id: str) -> float:
    """The number of an account, reckoned without the database."""
    return int(hashlib.md5(f"{programme}|{account_id}".encode()).hexdigest()[:13], 16) / 16**13


def publish(build: Build, *, as_of: date = AS_OF) -> None:
    """Let the night be published: what it drew stands from its day on."""
    build.connection.commit()
    with build.warehouse.connect_admin() as connection:
        columns = "programme_code, account_id, arm, stratum_code, holdout_rate, assigned_date"
        connection.execute(
            f"insert into pub.{TABLE} (gen, {columns}) select %s, {columns} from build_test.{TABLE}".encode(),
            (build.claim.night.gen,),
        )
        connection.execute("select ops.keep_assignments(%s)", (build.claim.night.gen,))
        connection.execute("update ops.programme_assignments set assigned_date = %s", (as_of,))


def change(build: Build, statement: str) -> None:
    build.connection.execute(statement.encode())


def test_a_company_that_switched_nothing_on_leaves_nobody_out(build: Build, test_company: Company) -> None:
    build.add_manager("ann", capacity=99)
    for number in range(30):
        build.add_account(f"a{number}", "ann", 1)
    report = replace(build, company=test_company).run()
    assert (report.rows_count, report.held_out_count) == (30, 0)
    assert build.assigned() == {}


@pytest.mark.parametrize(
    ("changes", "programmes"),
    [
        ({"band_code": "high"}, {"save"}),
        ({"band_code": "medium"}, {"save"}),
        ({"band_code": "low"}, set()),
        ({"band_code": "high", "is_internal": True}, set()),
        ({"band_code": "high", "merged_into": "b"}, set()),
        ({"is_scored": False, "stage_code": "dormant", "stage_since_date": AS_OF - timedelta(days=99)}, set()),
        ({"is_scored": False, "stage_code": "churned", "stage_since_date": AS_OF - timedelta(days=29)}, set()),
        ({"is_scored": False, "stage_code": "churned", "stage_since_date": AS_OF - timedelta(days=30)}, {"win_back"}),
        ({"is_scored": False, "stage_code": "churned", "stage_since_date": AS_OF - timedelta(days=720)}, {"win_back"}),
        ({"is_scored": False, "stage_code": "churned", "stage_since_date": AS_OF - timedelta(days=721)}, set()),
        ({"band_code": "high", "stage_code": "churned", "stage_since_date": AS_OF - timedelta(days=40)},
         {"save", "win_back"}),
    ],
)  # fmt: skip
def test_an_account_is_in_the_programmes_that_are_for_it(
    build: Build, changes: dict[str, Any], programmes: set[str]
) -> None:
    build.add_account("a", "ann", 1, **changes)
    build.assign()
    assert {programme for programme, _ in build.assigned()} == programmes


def test_the_arm_follows_from_account_and_programme_by_the_rate_of_the_stratum(build: Build) -> None:
    draw = random.Random(5)
    rates = {"save": {"A": 0.1, "B": 0.3, "N": 0.3}, "win_back": {"A": 0.0, "B": 0.3, "N": 0.3}}
    classes = {f"a{number}": draw.choice(["A", "B", "N"]) for number in range(600)}
    for account_id, abc_class in classes.items():
        since = AS_OF - timedelta(days=100)
        band = draw.choice(["high", "medium"])
        build.add_account(account_id, "ann", 1, band_code=band, abc_class=abc_class, stage_code="churned",
                          stage_since_date=since)  # fmt: skip
    arms = {each.programme_code: each for each in build.assign()}
    rows = build.assigned()
    assert len(rows) == 1200
    for (programme, account_id), row in rows.items():
        assert row["draw"] == drawn(programme, account_id)
        rate = rates[programme][classes[account_id]]
        assert row["arm"] == ("holdout" if drawn(programme, account_id) < rate else "treated")
        assert float(row["holdout_rate"]) == rate
        assert row["stratum_code"].split("|")[1] == classes[account_id]
    # four standard deviations of a binomial around each stratum's rate
    for programme, by_class in rates.items():
        held = {code: [r["arm"] == "holdout" for (p, a), r in rows.items() if (p, classes[a]) == (programme, code)]
                for code in by_class}  # fmt: skip
        for code, rate in by_class.items():
            cases = len(held[code])
            assert abs(sum(held[code]) - cases * rate) <= 4 * (cases * rate * (1 - rate)) ** 0.5
        assert arms[programme].holdout_count == sum(map(sum, held.values()))
        assert (arms[programme].treated_count + arms[programme].holdout_count, arms[programme].new_count) == (600, 600)


def test_who_was_drawn_keeps_the_arm_whatever_becomes_of_it_and_of_the_policy(build: Build) -> None:
    for number in range(40):
        build.add_account(f"a{number}", "ann", 1, abc_class="B")
    build.assign()
    first = build.assigned()
    assert {row["arm"] for row in first.values()} == {"treated", "holdout"}
    publish(build, as_of=AS_OF - timedelta(days=1))
    change(build, "update policy_save_programmes set holdout_rate = 0.99, holdout_rate_a_class = 0.99")
    change(build, "update fct_account_abc set published_class = 'A'")
    change(build, "update fct_churn_scores set band_code = 'medium' where account_id < 'a2'")
    change(build, "update fct_churn_scores set band_code = 'low' where account_id >= 'a2'")
    build.add_account("new", "ann", 1)
    build.assign()
    then = build.assigned()
    fresh = then.pop(("save", "new"))
    assert (fresh["arm"], fresh["assigned_date"]) == ("holdout", AS_OF)
    assert then.keys() == first.keys()
    for key, row in then.items():
        same = ("arm", "stratum_code", "holdout_rate", "draw")
        assert [row[name] for name in same] == [first[key][name] for name in same]
        assert row["assigned_date"] == AS_OF - timedelta(days=1)
        assert row["is_eligible"] is (row["account_id"] < "a2")


def test_a_day_does_not_know_what_later_days_drew(build: Build) -> None:
    build.add_account("a", "ann", 1)
    build.assign()
    publish(build, as_of=AS_OF + timedelta(days=1))
    change(build, "update fct_churn_scores set band_code = 'low'")
    build.assign()
    assert build.assigned() == {}


def test_making_them_twice_gives_the_same_rows(build: Build) -> None:
    for number in range(20):
        build.add_account(f"a{number}", "ann", 1)
    build.assign()
    first = build.assigned()
    build.assign()
    assert build.assigned() == first
    publish(build)
    build.assign()
    assert build.assigned() == first


def test_who_was_merged_or_is_our_own_since_is_in_no_programme(build: Build) -> None:
    for name in ("merged", "own", "stays"):
        build.add_account(name, "ann", 1)
    build.assign()
    publish(build, as_of=AS_OF - timedelta(days=1))
    change(build, "update dim_accounts set merged_into_account_id = 'stays' where account_id = 'merged'")
    change(build, "update dim_accounts set is_internal = true where account_id = 'own'")
    build.assign()
    assert {account_id for _, account_id in build.assigned()} == {"stays"}


@pytest.mark.parametrize("seed", range(5))
def test_nobody_who_is_left_out_is_on_a_list_and_the_lists_are_else_as_ever(
    build: Build, test_company: Company, seed: int
) -> None:
    """Companies by chance over two nights between which everything changes: the lists without the holdouts."""
    draw = random.Random(seed)
    names = [f"s{seed}-{number}" for number in range(120)]
    for manager in ("ann", "bob"):
        build.add_manager(manager, capacity=draw.choice([20, 200]))
    for name in names:
        build.add_account(name, draw.choice(["ann", "bob"]), draw.randint(1, 50), is_scored=draw.random() < 0.8,
                          band_code=draw.choice(["high", "medium", "low"]), abc_class=draw.choice("ABCN"),
                          stage_code=draw.choice(["churned", "dormant"]),
                          stage_since_date=AS_OF - timedelta(days=draw.randint(0, 900)))  # fmt: skip
    build.run()
    publish(build, as_of=AS_OF - timedelta(days=1))
    for name in names:
        change(build, f"update fct_churn_scores set band_code = '{draw.choice(['high', 'medium', 'low'])}'"
                      f" where account_id = '{name}'")  # fmt: skip
        change(build, f"update fct_account_abc set published_class = '{draw.choice('ABCN')}'"
                      f" where account_id = '{name}'")  # fmt: skip
    change(build, f"update policy_save_programmes set holdout_rate = {draw.choice([0.1, 0.6])}")
    report = build.run()
    held = {account_id for (_, account_id), row in build.assigned().items() if row["arm"] == "holdout"}
    listed = {account_id for accounts in build.listed().values() for account_id in accounts}
    assert held & listed == set()
    assert len(held) > 5
    assert len(listed) > 20

    everybody = replace(build, company=test_company)
    change(build, "update dim_account_managers set list_capacity = 999")
    everybody.run()
    at_risk = {account_id for accounts in build.listed().values() for account_id in accounts}
    assert report.held_out_count == len(at_risk & held) > 0
    assert f"{report.held_out_count:,} risky accounts are left out by chance" in "\n".join(report.lines())
    build.run()
    assert {account_id for accounts in build.listed().values() for account_id in accounts} == at_risk - held


def test_a_programme_that_the_policy_does_not_have_stops_the_night(build: Build, test_company: Company) -> None:
    with pytest.raises(UnknownProgrammeError, match="keep_all"):
        replace(build, company=with_holdouts(test_company, "save", "keep_all")).assign()


def test_an_older_attempt_draws_nobody(build: Build, warehouse: Warehouse, night: Night) -> None:
    build.add_account("a", "ann", 1)
    with stage(warehouse, night, "score"), pytest.raises(FencedError):
        build.assign()
    assert build.connection.execute(f"select to_regclass('build_test.{TABLE}')".encode()).fetchone() == (None,)
