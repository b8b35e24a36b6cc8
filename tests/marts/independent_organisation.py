"""General and organisation relationships, computed a second time from the words: one customer and one day at a time.

Nothing here looks at the SQL, and limits and weights stand here as the words of the policy say them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from tests.marts.chance_organisation import DEPARTMENTS

Row = dict[str, Any]

FOOD = {"purchasing", "management", "production", "finance", "quality", "warehouse"}
OTHERS = {"purchasing", "management", "engineering", "production", "finance", "quality"}
PEOPLE = {"small": 2, "medium": 4, "large": 7}
WEIGHTS = {"departments": 30, "breadth": 20, "response": 20, "technical": 15, "record": 15}
SCOPES = {"site": 1, "region": 2, "group": 3}


def _business_day(moment: datetime) -> date:
    return (moment + timedelta(hours=8)).date()


class Relations:
    """A company's raw rows as they were known at the end of a day."""

    def __init__(self, records: Mapping[str, Sequence[Row]], day: date) -> None:
        self.day = day
        self.known: dict[str, list[Row]] = {}
        for entity, rows in records.items():
            newest: dict[str, Row] = {}
            for row in sorted(rows, key=lambda each: each["known_at"]):
                if _business_day(row["known_at"]) <= day:
                    newest[row["record_id"]] = row
            self.known[entity] = list(newest.values())

    def of(self, entity: str, account: str) -> list[Row]:
        """Return the rows of an account."""
        return [row for row in self.known[entity] if row.get("account_id") == account]

    def age(self, moment: date | datetime | None) -> int | None:
        """Return how many days ago it was; negative when it is to come."""
        if moment is None:
            return None
        return (self.day - (_business_day(moment) if isinstance(moment, datetime) else moment)).days

    def _within(self, moment: date | datetime | None, days: int) -> bool:
        age = self.age(moment)
        return age is not None and 0 <= age < days

    def held(self, account: str) -> list[tuple[Row, bool | None]]:
        """Return what took place within a year, with whether both sides spoke."""
        found = []
        for row in self.of("interactions", account):
            if row["kind"] == "social" or row["status"] == "missed" or not self._within(row["happened_at"], 365):
                continue
            answered = row["is_two_way"]
            if answered is None and row["outcome"] == "no_response":
                answered = False
            elif answered is None:
                answered = True if row["direction"] == "mutual" or row["kind"] in ("visit", "meeting") else None
            found.append((row, answered))
        return found

    def order_days(self, account: str, days: int) -> dict[date, float]:
        """Return the days on which more was bought than given back, within so many days."""
        orders = {
            row["order_id"]: _business_day(row["ordered_at"])
            for row in self.of("orders", account)
            if row["status"] != "cancelled"
        }
        by_day: dict[date, float] = {}
        for line in self.known["order_lines"]:
            if line["order_id"] in orders:
                day = orders[line["order_id"]]
                by_day[day] = by_day.get(day, 0.0) + float(line["net_amount"])
        return {day: amount for day, amount in by_day.items() if self._within(day, days)}

    def parts(self, account: Row) -> dict[str, float | None]:
        """Return the parts of the general relationship."""
        name, held = account["account_id"], self.held(account["account_id"])
        contacts = self.of("contacts", name)
        people = [row for row in contacts if row["left_date"] is None or row["left_date"] > self.day]
        near = {row["contact_id"] for row, both in held if both and self._within(row["happened_at"], 180)}
        near_people = [row for row in people if row["contact_id"] in near]
        spoke = [row for row, both in held if both]
        is_named = not spoke or any(row["contact_id"] for row in spoke)
        is_on_record = bool(contacts or held)
        placed = {DEPARTMENTS[row["department"]] for row in near_people} - {None}
        targets = FOOD if account["industry"] == "food" else OTHERS
        judged = [both for row, both in held if both is not None and self._within(row["happened_at"], 180)]
        return {
            "departments": (
                len(placed & targets) / len(targets)
                if is_on_record and is_named and (placed or not near_people)
                else None
            ),
            "breadth": (
                min(1.0, len(near_people) / PEOPLE.get(account["size_band"], 3)) if is_on_record and is_named else None
            ),
            "response": sum(judged) / len(judged) if len(judged) >= 3 else None,
            "technical": self._technical(name),
            "record": self._record(name),
        }

    def _bid_age(self, row: Row) -> int:
        decided = row["decided_date"] if row["decided_date"] and row["decided_date"] <= self.day else None
        age = self.age(decided or row["submitted_at"])
        assert age is not None
        return age

    def _technical(self, account: str) -> float | None:
        bids = [row for row in self.of("bids", account) if 0 <= self._bid_age(row) < 365]
        helped = [row["helped_specify"] for row in bids if row["helped_specify"] is not None]
        places = [
            1 - (row["technical_rank"] - 1) / (row["bidder_count"] - 1)
            for row in bids
            if row["technical_rank"] and row["bidder_count"] > 1
        ]
        return _mean(_mean(helped), _mean(places))

    def _record(self, account: str) -> float | None:
        kept = []
        for row in self.of("orders", account):
            age = self.age(row["expected_date"])
            if row["status"] == "cancelled" or age is None or not 0 < age < 365:
                continue
            if row["delivered_date"]:
                kept.append(row["delivered_date"] <= row["expected_date"])
            elif row["status"] in (None, "open"):
                kept.append(False)
        days = sum(amount > 0 for amount in self.order_days(account, 365).values())
        complaints = sum(
            row["kind"] == "complaint" and self._within(row["opened_at"], 365) for row in self.of("tickets", account)
        )
        return _mean(_mean(kept), max(0.0, 1 - complaints / days) if days else None)

    def general(self, account: Row) -> tuple[float | None, str | None]:
        """Return index and level."""
        parts = self.parts(account)
        weights = {part: weight for part, weight in WEIGHTS.items() if parts[part] is not None}
        if sum(weights.values()) < 50:
            return None, None
        index = sum(weight * (parts[part] or 0) for part, weight in weights.items()) / sum(weights.values()) * 100
        index = round(index, 2)
        if index >= 80 and (parts["departments"] or 0) >= 0.8:
            return index, "A"
        return index, "B" if index >= 60 else "C" if index >= 40 else "D"

    def measures(self, account: Row, share: Callable[[str], float | None]) -> dict[str, float | None]:
        """Return what gates ask for; `share` tells the share of wallet."""
        name = account["account_id"]
        decided = [
            row["result"]
            for row in self.of("bids", name)
            if row["result"] in ("won", "lost")
            and (row["decided_date"] is None or row["decided_date"] <= self.day)
            and 0 <= self._bid_age(row) < 365
        ]
        held = self.held(name)
        tops = {
            self.age(row["happened_at"])
            for row, both in held
            if both
            and row["kind"] in ("visit", "meeting")
            and row["counterpart_level"] == row["our_level"] == "executive"
        }
        plans = sum(row["kind"] in ("visit", "meeting") and "联合规划" in (row["subject"] or "") for row, _ in held)
        return {
            "scope": self._scope(account), "tops": len(tops), "plans": plans or None, "share": share(name),
            "projects": sum(
                "联合创新" in row["contract_name"] and self._runs(row) and row["status"] != "draft"
                for row in self.of("contracts", name)
            ) or None,
            "wins": decided.count("won") / len(decided) if len(decided) >= 3 else None,
            "renewals": self._renewals(name),
            "order_days": sum(amount > 0 for amount in self.order_days(name, 365).values()),
            "dealings": sum(amount > 0 for amount in self.order_days(name, 730).values())
            + sum(0 <= self._bid_age(row) < 730 for row in self.of("bids", name))
            + sum(self._within(row["opened_at"], 730) for row in self.of("opportunities", name)),
        }  # fmt: skip

    def _runs(self, row: Row) -> bool:
        return bool(row["start_date"] <= self.day and (row["end_date"] is None or row["end_date"] >= self.day))

    def _scope(self, account: Row) -> float | None:
        heads = {row["account_id"]: row["parent_account_id"] or row["account_id"] for row in self.known["accounts"]}
        group = {name for name, head in heads.items() if head == heads[account["account_id"]]}
        found = [
            SCOPES.get(row["scope"])
            for row in self.known["contracts"]
            if row["kind"] == "framework" and self._runs(row)
            and (row["status"] in (None, "active") or (row["status"] == "ended" and row["end_date"]))
            and (row["account_id"] == account["account_id"] or (row["scope"] == "group" and row["account_id"] in group))
        ]  # fmt: skip
        return max((each for each in found if each), default=None if found else 0)

    def _renewals(self, account: str) -> float | None:
        contracts = [
            row for row in self.of("contracts", account) if row["status"] != "draft" and row["kind"] != "project"
        ]
        renewed = []
        for row in contracts:
            age = self.age(row["end_date"])
            if age is None or not 0 < age < 365:
                continue
            follows = any(
                other is not row and other["start_date"] <= min(self.day, row["end_date"] + timedelta(days=31))
                and (other["end_date"] is None or other["end_date"] > row["end_date"])
                for other in contracts
            )  # fmt: skip
            if follows or age > 30:
                renewed.append(follows)
        return _mean(renewed)

    def organisation(self, measures: Mapping[str, float | None]) -> tuple[str, bool]:
        """Return the level, and whether only what nobody knows stands before the next."""
        from_below = [
            ("vendor", [_any((measures["dealings"], 1))]),
            ("supplier", [_any((measures["order_days"], 2))]),
            ("key_supplier", [
                _any((measures["scope"], 2)), _any((measures["tops"], 2)), _any((measures["share"], 0.15)),
                _any((measures["wins"], 0.4), (measures["renewals"], 0.8)),
            ]),
            ("strategic_partner", [
                _any((measures["scope"], 3)), _any((measures["tops"], 4)), _any((measures["plans"], 1)),
                _any((measures["projects"], 1)), _any((measures["share"], 0.3)),
            ]),
        ]  # fmt: skip
        reached = max((place for place, (_, gates) in enumerate(from_below, 1) if all(gates)), default=0)
        level = from_below[reached - 1][0] if reached else "none"
        following = from_below[reached][1] if reached < len(from_below) else [False]
        return level, False not in following

    def shares(self, accounts: Sequence[Row]) -> Callable[[str], float | None]:
        """Return the share of wallet of each account: the 90th percentile of its nearest ten buyers or more."""
        spent = {row["account_id"]: sum(self.order_days(row["account_id"], 365).values()) for row in accounts}
        nearest: list[Callable[[Row], tuple[Any, ...]]] = [
            lambda row: (row["industry"], row["size_band"]),
            lambda row: (row["size_band"],),
            lambda row: (row["industry"],),
        ]
        by_name = {row["account_id"]: row for row in accounts}

        def share(name: str) -> float | None:
            for key in nearest:
                own = key(by_name[name])
                peers = [
                    spent[row["account_id"]] for row in accounts if key(row) == own and spent[row["account_id"]] > 0
                ]
                if None not in own and len(peers) >= 10:
                    return min(1.0, max(0.0, spent[name]) / float(np.percentile(peers, 90)))
            return None

        return share


def _mean(*values: Any) -> float | None:
    told = list(values[0]) if len(values) == 1 else [each for each in values if each is not None]
    return sum(told) / len(told) if told else None


def _any(*asked: tuple[float | None, float]) -> bool | None:
    """Whether any of the measures reaches its limit; None when none is known."""
    known = [value >= limit - 1e-9 for value, limit in asked if value is not None]
    return any(known) if known else None
