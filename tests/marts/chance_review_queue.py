"""Customers by chance whose relationships were measured, with steps planned for them and reviews of them."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from tests.marts.independent_review_queue import SCALES, World

Row = dict[str, Any]


def _moment(day: date) -> datetime:
    """Noon of a day in Shanghai."""
    return datetime.combine(day, time(4), tzinfo=UTC)


class Chance:
    """A company; `raw` and `measured` are what the models read, `world` the same for another computation."""

    def __init__(self, dice: random.Random, *, as_of: date, accounts: int) -> None:
        self.dice, self.as_of = dice, as_of
        ends = [as_of.replace(day=1) - timedelta(days=1)]
        for _ in range(11):
            ends.append(ends[-1].replace(day=1) - timedelta(days=1))
        self.days = [*reversed(ends), as_of]
        self.measured: dict[str, list[Row]] = {
            name: []
            for name in (
                "int_accounts_measured", "int_account_relationships_compared", "int_key_account_tiers_decided",
                "int_contact_levels_decided",
            )
        }  # fmt: skip
        self.raw: dict[str, list[Row]] = {"relationship_plans": [], "relationship_reviews": []}
        self.plans: list[Row] = []
        self.reviews: list[Row] = []
        for number in range(accounts):
            self._account(f"A{number}", is_measured=number > 0)

    def world(self) -> World:
        """Return what is true, for another computation."""
        return World(self.as_of, self.measured, self.plans, self.reviews)

    def _on(self, day: date) -> Row:
        return {"snapshot_date": day, "is_current": day == self.as_of}

    def _account(self, name: str, *, is_measured: bool) -> None:
        dice, measured = self.dice, self.measured
        measured["int_accounts_measured"].append(
            {"account_id": name, "account_manager_id": dice.choice(("M1", "M2", None))}
        )
        before: Decimal | None = None
        previous: date | None = None
        for day in self.days if is_measured else ():
            index = None if dice.random() < 0.1 else Decimal(dice.choice((40, 45, 50, 55, 60)))
            row = {
                "account_id": name, "relationship_index": index,
                "relationship_index_change": None if index is None or before is None else index - before,
                "previous_snapshot_date": previous, "general_level_code": dice.choice((None, "A", "B", "C", "D")),
                "organisation_level_code": dice.choice(SCALES["organisation"]),
            }  # fmt: skip
            row |= {f"{side}_index": dice.choice((None, Decimal(40), Decimal(60))) for side in SCALES}
            measured["int_account_relationships_compared"].append(row | self._on(day))
            before, previous = index, day
        for day in self.days[-2:]:
            row = {"account_id": name, "tier_code": dice.choice("SABCN")}
            measured["int_key_account_tiers_decided"].append(row | self._on(day))
        people = [f"{name}-P{number}" for number in range(dice.randint(0, 3))]
        for person in people:
            self._person(name, person)
        for number in range(dice.randint(0, 4)):
            self._plan(f"{name}-S{number}", name, people)
        for number in range(dice.choice((0, 0, 1, 3))):
            self._review(f"{name}-R{number}", name)

    def _person(self, account: str, person: str) -> None:
        dice = self.dice
        left = dice.choice((None, None, None, *self.days[-3:]))
        claims_too_much = dice.random() < 0.5
        for day in self.days[dice.randint(0, len(self.days) - 1) :]:
            if dice.random() < 0.15:
                claims_too_much = not claims_too_much
            earned = dice.choice((None, -1, 0, 1, 2, 4, 5))
            lost = 0 if earned is None or earned <= 1 else dice.randint(0, earned - 1)
            computed = None if earned is None else earned - lost
            cadence = dice.choice((60, 90))
            row = {
                "contact_key": f"crm|{person}", "account_id": account, "chain_weight": dice.choice((0, 3, 5)),
                "earned_level": earned, "computed_level": computed, "published_level": computed,
                "cadence_days": cadence, "has_left": left is not None and left <= day,
                "is_over_claimed": None if earned is None else claims_too_much,
                "last_two_way_date": day - timedelta(days=lost * cadence + dice.randint(1, cadence)),
            }  # fmt: skip
            self.measured["int_contact_levels_decided"].append(row | self._on(day))

    def _plan(self, key: str, account: str, people: list[str]) -> None:
        dice = self.dice
        side = dice.choice(tuple(SCALES))
        created = self.as_of - timedelta(days=dice.randint(0, 300))
        approved = dice.choice((None, self.as_of - timedelta(days=dice.randint(-2, 2))))
        told: Row = {
            "relationship_plan_id": key, "account_id": account, "dimension": side,
            "contact_id": dice.choice((None, *people)), "target_level": dice.choice((None, "x", *SCALES[side])),
            "target_index": dice.choice((None, Decimal(40), Decimal(50))),
            "due_date": dice.choice((None, self.as_of + timedelta(days=dice.randint(-60, 2)))),
            "status": dice.choice((None, "planned", "active", *("completed",) * 4, "cancelled")),
        }  # fmt: skip
        row = told | {"approved_at": approved and _moment(approved), "created_at": _moment(created)}
        if dice.random() < 0.3:
            self._enter("relationship_plans", key, row | {"status": "cancelled", "due_date": None}, created)
        is_deleted = dice.random() < 0.1
        self._enter("relationship_plans", key, row | {"is_deleted": is_deleted}, self.as_of)
        if not is_deleted:
            self.plans.append(told | {"approved_day": approved})

    def _review(self, key: str, account: str) -> None:
        dice = self.dice
        day = self.as_of - timedelta(days=dice.choice((-1, 0, 1, 13, 14, 15, 16, 44, 45, 46, 100)))
        row: Row = {
            "relationship_review_id": key, "account_id": account, "outcome": dice.choice(("confirmed", "escalated")),
            "reviewed_at": _moment(day),
        }  # fmt: skip
        self._enter("relationship_reviews", key, row, min(day, self.as_of))
        is_deleted = dice.random() < 0.2
        if is_deleted:
            self._enter("relationship_reviews", key, row | {"is_deleted": True}, self.as_of)
        else:
            self.reviews.append({"account_id": account, "day": day})

    def _enter(self, entity: str, key: str, row: Row, known: date) -> None:
        """Add a version of a record, known since a day; the later of one day counts."""
        at = _moment(known) + timedelta(seconds=len(self.raw[entity]))
        self.raw[entity].append({"source": "crm", "gen": 1, "record_id": key, "known_at": at} | row)
