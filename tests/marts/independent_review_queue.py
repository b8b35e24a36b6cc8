"""Which relationships are to be reviewed, and how far planned steps are, computed another way: row by row in Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

Row = dict[str, Any]
Reason = tuple[str, str]
MOVE_POINTS, LOOK_BACK_DAYS = 10, 92
QUARTERLY = ("S", "A")
SCALES: dict[str, list[str]] = {
    "key": ["-1", "0", "1", "2", "3", "4", "5"],
    "general": ["D", "C", "B", "A"],
    "organisation": ["none", "vendor", "supplier", "key_supplier", "strategic_partner"],
}


@dataclass(frozen=True)
class World:
    """What was measured, the newest versions of plans and reviews, and the day."""

    day: date
    measured: Mapping[str, Sequence[Row]]
    plans: Sequence[Row]
    reviews: Sequence[Row]

    def queue(self) -> dict[Reason, tuple[Decimal | None, date]]:
        """Return what waits: number and day of each account and reason."""
        named = {row["account_id"] for row in self.measured["int_account_relationships_compared"] if row["is_current"]}
        found: dict[Reason, tuple[Decimal | None, date]] = {}
        for account in sorted(named):
            seen = [row["day"] for row in self.reviews if row["account_id"] == account and row["day"] <= self.day]
            reasons = {
                "changed": self._change(account), "stale": self._told(self._silences(account)),
                "over_claimed": self._told(self._claims(account)), "plan_due": self._told(self._due(account)),
                "quarter": self._quarter(account),
            }  # fmt: skip
            for reason, told in reasons.items():
                if told is not None and not any(day >= told[1] for day in seen):
                    found[account, reason] = told
        return found

    @staticmethod
    def _told(days: list[date]) -> tuple[Decimal | None, date] | None:
        return (Decimal(len(days)), max(days)) if days else None

    def _month_start(self) -> date:
        return self.day.replace(day=1)

    def _change(self, account: str) -> tuple[Decimal | None, date] | None:
        rows = self.measured["int_account_relationships_compared"]
        for row in sorted(rows, key=lambda row: row["snapshot_date"], reverse=True):
            change, day = row["relationship_index_change"], row["snapshot_date"]
            if row["account_id"] != account or change is None or abs(change) < MOVE_POINTS:
                continue
            if (self.day - day).days > LOOK_BACK_DAYS:
                return None
            return change, self._month_start() if day == self.day else day
        return None

    def _people(self, account: str) -> list[Row]:
        rows = self.measured["int_contact_levels_decided"]
        return [row for row in rows if row["account_id"] == account and row["is_current"] and not row["has_left"]]

    def _silences(self, account: str) -> list[date]:
        found = []
        for one in self._people(account):
            lost = (one["earned_level"] or 0) - (one["computed_level"] or 0)
            if one["chain_weight"] and lost > 0:
                found.append(one["last_two_way_date"] + timedelta(days=lost * one["cadence_days"] + 1))
        return found

    def _claims(self, account: str) -> list[date]:
        found = []
        for one in self._people(account):
            if not one["is_over_claimed"]:
                continue
            own = [r for r in self.measured["int_contact_levels_decided"] if r["contact_key"] == one["contact_key"]]
            since = self.day
            for row in sorted(own, key=lambda row: row["snapshot_date"], reverse=True):
                if not row["is_over_claimed"] or row["has_left"]:
                    break
                since = row["snapshot_date"]
            found.append(self._month_start() if since == self.day else since)
        return found

    def _due(self, account: str) -> list[date]:
        own = [plan for plan in self.plans if plan["account_id"] == account]
        days = [plan["due_date"] for plan in own if self.state(plan) not in {"reached", "cancelled"}]
        return [day for day in days if day is not None and day <= self.day]

    def _quarter(self, account: str) -> tuple[Decimal | None, date] | None:
        rows = self.measured["int_key_account_tiers_decided"]
        if not any(r["account_id"] == account and r["is_current"] and r["tier_code"] in QUARTERLY for r in rows):
            return None
        return None, date(self.day.year, 3 * ((self.day.month - 1) // 3) + 1, 1)

    def state(self, plan: Row) -> str:
        """Return how far a step is."""
        status: str = plan["status"] or "planned"
        if status != "completed":
            return status
        approved = plan["approved_day"]
        if approved is None or approved > self.day:
            return "awaits_approval"
        return "reached" if self._is_proved(plan) else "awaits_evidence"

    def _is_proved(self, plan: Row) -> bool:
        side, level = plan["dimension"], plan["target_level"]
        accounts = self.measured["int_account_relationships_compared"]
        row = next((r for r in accounts if r["account_id"] == plan["account_id"] and r["is_current"]), None)
        if level in SCALES[side] and (side != "key" or plan["contact_id"] is not None):
            if side == "key":
                there = [r for r in self._people(plan["account_id"]) if r["contact_key"] == f"crm|{plan['contact_id']}"]
                now = str(there[0]["published_level"]) if there else None
            elif row is None or (side == "organisation" and row["organisation_index"] is None):
                now = None
            else:
                now = row[f"{side}_level_code"]
            return now in SCALES[side] and SCALES[side].index(str(now)) >= SCALES[side].index(level)
        index = row and row[f"{side}_index"]
        return index is not None and plan["target_index"] is not None and index >= plan["target_index"]
