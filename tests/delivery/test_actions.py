"""What to do about each account at risk: the most special play, as long as its manager has some of it left."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.delivery.listing import Build, a_build
from warehouse.company import Company
from warehouse.database import Warehouse
from warehouse.night import Night

STAGES, TIERS, REASONS = ("dormant", "loyal"), ("S", "N"), {"return_rate_365d": "returns", "overdue_ratio": "rhythm"}
PLAYS: list[tuple[str, str | None, str, str | None, str | None, int | None]] = [
    ("visit", None, "high", "S", None, 2),
    ("returns", None, "high", None, "returns", None),
    ("scarce", "loyal", "high", None, None, 1),
    ("usual", None, "high", None, None, None),
    ("wait", None, "medium", None, None, None),
]


@pytest.fixture
def build(warehouse: Warehouse, night: Night, test_company: Company) -> Iterator[Build]:
    with a_build(warehouse, night, test_company) as build:
        yield build


@pytest.fixture
def planned(build: Build) -> Build:
    build.connection.execute("delete from policy_plays")
    with build.connection.cursor() as cursor:
        cursor.executemany(
            "insert into policy_plays values (%s, %s, %s, %s, %s, %s, 'Name', '名', 'Steps', '步骤')", PLAYS
        )
    return build


def actions(build: Build) -> dict[str, dict[str, Any]]:
    return {row["account_id"]: row for row in build.actions()}


def test_a_tier_goes_before_a_reason_and_a_reason_before_a_stage(planned: Build) -> None:
    planned.add_manager("m")
    planned.add_account("tier", "m", 50, tier_code="S", reason_1_code="return_rate_365d", stage_code="loyal")
    planned.add_account("reason", "m", 40, reason_1_code="return_rate_365d", stage_code="loyal")
    planned.add_account("stage", "m", 30, reason_1_code="overdue_ratio", stage_code="loyal")
    planned.add_account("band", "m", 20, stage_code="dormant")
    planned.add_account("other", "m", 10, band_code="medium", tier_code="S")
    planned.run()
    found = actions(planned)
    assert {name: (row["play_code"], row["basis_code"]) for name, row in found.items()} == {
        "tier": ("visit", "tier"), "reason": ("returns", "reason"), "stage": ("scarce", "stage"),
        "band": ("usual", "band"), "other": ("wait", "band"),
    }  # fmt: skip
    assert found["reason"]["reason_theme"] == "returns"
    assert [row["play_code"] for row in planned.rows()][:3] == ["visit", "returns", "scarce"]


def test_whoever_comes_after_the_stock_is_used_up_gets_the_next_that_fits(planned: Build) -> None:
    for manager in ("m", "n"):
        planned.add_manager(manager, capacity=9)
        for place in range(4):
            reason = "return_rate_365d" if place == 3 else "overdue_ratio"
            planned.add_account(f"{manager}{place}", manager, 50 - place, tier_code="S", reason_1_code=reason)
    planned.run()
    found = actions(planned)
    for manager in ("m", "n"):
        told = [found[f"{manager}{place}"] for place in range(4)]
        assert [row["play_code"] for row in told] == ["visit", "visit", "usual", "returns"]
        assert [row["is_out_of_stock"] for row in told] == [False, False, True, True]
        assert {row["first_choice_play_code"] for row in told} == {"visit"}


def test_without_a_play_that_fits_an_account_is_still_listed(build: Build) -> None:
    build.add_manager("m")
    build.add_account("a", "m", 5, stage_code="prospect")
    build.run()
    assert actions(build)["a"]["play_code"] is None
    assert build.listed() == {"m": ["a"]}


@pytest.mark.parametrize("seed", range(4))
def test_by_chance_every_account_gets_what_a_person_would_choose(planned: Build, seed: int) -> None:
    chance = random.Random(seed)
    accounts = []
    for manager in ("m", "n"):
        planned.add_manager(manager, capacity=40)
        for number in range(20):
            account: dict[str, Any] = {
                "id": f"{manager}{number:02}", "manager": manager, "loss": float(chance.randrange(50)),
                "stage_code": chance.choice(STAGES), "tier_code": chance.choice(TIERS),
                "band_code": chance.choice(("high", "medium")), "reason_1_code": chance.choice(list(REASONS)),
            }  # fmt: skip
            accounts.append(account)
            facts = {name: value for name, value in account.items() if name not in ("id", "manager", "loss")}
            planned.add_account(account["id"], manager, account["loss"], **facts)
    planned.run()
    expected, used = {}, Counter[tuple[str, str]]()
    for account in sorted(accounts, key=lambda each: (-each["loss"], each["id"])):
        fitting = sorted((rank, play, limit) for play, limit, rank in _fitting(account))
        _, best, limit = fitting[0]
        used[account["manager"], best] += 1
        if limit is not None and used[account["manager"], best] > limit:
            best = next(play for _, play, bound in fitting if bound is None)
        expected[account["id"]] = best
    assert {name: row["play_code"] for name, row in actions(planned).items()} == expected


def _fitting(account: dict[str, Any]) -> list[tuple[str, int | None, tuple[bool, bool, bool]]]:
    theme = REASONS[account["reason_1_code"]]
    return [
        (play, limit, (tier is None, told is None, stage is None))
        for play, stage, band, tier, told, limit in PLAYS
        if band == account["band_code"]
        and tier in (None, account["tier_code"])
        and told in (None, theme)
        and stage in (None, account["stage_code"])
    ]
