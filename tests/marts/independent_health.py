"""Health computed a second time from the words, in plain Python, over the records known on a day.

The rhythm of orders, the relationship's composite and the renewals are given: they have computations of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any

from tests.marts.independent_relationship import Relationships, day_of

Row = dict[str, Any]
Value = Fraction | None

KEYS = {
    "orders": "order_id", "order_lines": "order_line_id", "tickets": "ticket_id", "invoices": "invoice_id",
    "payments": "payment_id", "survey_responses": "survey_response_id", "contracts": "contract_id",
}  # fmt: skip
PEOPLE = {
    "accounts", "contacts", "interactions", "survey_responses", "referrals", "campaign_members", "opportunities",
    "bids", "tickets",
}  # fmt: skip
MEASURES: dict[str, tuple[str, int, Fraction | int, Fraction | int]] = {  # group, weight, worst, best
    "overdue_ratio": ("orders", 6, 4, 1), "spend_trend_rate": ("orders", 4, Fraction(-1, 2), Fraction(1, 5)),
    "reply_in_target_rate": ("service", 3, Fraction(1, 2), 1),
    "resolution_in_target_rate": ("service", 3, Fraction(1, 2), 1),
    "complaint_rate": ("service", 4, Fraction(3, 10), 0), "days_late": ("payment", 1, 60, 0),
    "relationship": ("relationship", 1, 0, 100), "nps_rate": ("satisfaction", 1, -1, 1),
    "csat_rate": ("satisfaction", 1, 0, 1), "contract_days_left": ("contract", 7, 0, 90),
    "renewal_rate": ("contract", 3, Fraction(1, 2), 1),
}  # fmt: skip
GROUPS = ("orders", "service", "payment", "relationship", "satisfaction", "contract")
WEIGHTS = {
    "new": (20, 25, 15, 20, 20, 0), "contractual": (0, 20, 15, 20, 20, 25), "mixed": (25, 15, 10, 20, 15, 15),
    "large": (30, 15, 10, 30, 15, 0), "standard": (40, 15, 15, 15, 15, 0),
}  # fmt: skip
HOURS = {None: (8, 72), "low": (24, 240), "urgent": (1, 8)}


@dataclass(frozen=True, slots=True)
class Given:
    """What others have computed of an account on the day."""

    overdue_ratio: Value
    typical_gap_days: Value
    relationship: Value
    relationship_coverage: Value
    renewal_rate: Value


class Health:
    """What was known on a day, and how healthy each customer was by it."""

    def __init__(self, records: Mapping[str, Sequence[Row]], day: date) -> None:
        self.day = day
        self.known = {entity: _known(records.get(entity, ()), key, day) for entity, key in KEYS.items()}
        self.over = datetime.combine(day + timedelta(days=1), time(), UTC) - timedelta(hours=8)
        self.people = Relationships({name: rows for name, rows in records.items() if name in PEOPLE}, day).people()

    def account(self, account: str, size: str | None, given: Given) -> Row:
        """Return what is to be said of an account."""
        sales = self._sales(account)
        first_order = min((day for day, amount in sales.items() if amount > 0), default=None)
        signed = self._contracts(account)
        first_contract = min((row["start_date"] for row in signed if row["start_date"] <= self.day), default=None)
        days_left, notices = self._bound(signed)
        late, overdue = self._dues(account)
        values: dict[str, Value] = {
            "overdue_ratio": given.overdue_ratio,
            "spend_trend_rate": self._trend(sales, first_order, given.typical_gap_days),
            "complaint_rate": self._complaints(account, sales), "days_late": late,
            "relationship": given.relationship if (given.relationship_coverage or 0) >= Fraction(1, 2) else None,
            "contract_days_left": None if days_left is None else Fraction(days_left),
            "renewal_rate": given.renewal_rate,
        } | self._service(account) | self._opinions(account)  # fmt: skip
        start = min((each for each in (first_order, first_contract) if each), default=None)
        mode = {
            (True, True): "mixed", (True, False): "contractual", (False, True): "non_contractual",
        }.get((first_contract is not None, first_order is not None), "none")  # fmt: skip
        against = [
            one["published_level"] < 0
            for one in self.people
            if one["account_id"] == account and one["role_code"] in ("decision", "approver")
            and not one["has_left"] and one["published_level"] is not None
        ]  # fmt: skip
        tenure = None if start is None else (self.day - start).days
        told = {"contract_mode": mode, "tenure_days": tenure, "overdue_days": overdue, "notices_count": notices}
        told |= {"opposing_decision_makers_count": sum(against) if against else None}
        caps = {
            "notice_given": (30, (notices or 0) > 0), "opposing_decision_maker": (40, sum(against) > 0),
            "overdue_invoice": (50, (overdue or 0) > 90),
        }  # fmt: skip
        return told | values | _scored(values, _profile(mode, size, tenure), caps)

    def _sales(self, account: str) -> Counter[date]:
        orders = {row["order_id"]: row for row in self.known["orders"] if row["account_id"] == account}
        sums: Counter[date] = Counter()
        for line in self.known["order_lines"]:
            order = orders.get(line["order_id"])
            if order is not None and order["status"] != "cancelled" and day_of(order["ordered_at"]) <= self.day:
                sums[day_of(order["ordered_at"])] += line["net_amount"]
        return sums

    def _trend(self, sales: Counter[date], first: date | None, gap: Value) -> Value:
        if first is None or gap is None or gap > 90 or (self.day - first).days < 359:
            return None
        now = sum(amount for day, amount in sales.items() if (self.day - day).days < 180)
        before = sum(amount for day, amount in sales.items() if 180 <= (self.day - day).days < 360)
        return Fraction(now - before, before) if before > 0 else None

    def _complaints(self, account: str, sales: Counter[date]) -> Value:
        days = sum(amount > 0 and (self.day - day).days < 365 for day, amount in sales.items())
        complaints = sum(
            row["kind"] == "complaint" and row["account_id"] == account and 0 <= self._age(row["opened_at"]) < 365
            for row in self.known["tickets"]
        )
        return Fraction(complaints, days) if days else None

    def _age(self, moment: datetime) -> int:
        return (self.day - day_of(moment)).days

    def _service(self, account: str) -> dict[str, Value]:
        kept: dict[str, list[bool]] = {"reply": [], "resolution": []}
        for row in self.known["tickets"]:
            targets = HOURS.get(row.get("priority"))
            if row["account_id"] != account or targets is None or not 0 <= self._age(row["opened_at"]) < 180:
                continue
            opened = row["opened_at"]
            is_open = row.get("status") in ("open", "waiting")
            dated = [row.get("first_response_at"), None if is_open else row.get("resolved_at")]
            happened = [at if at and opened <= at < self.over else None for at in dated]
            steps = {"reply": min((at for at in happened if at), default=None), "resolution": happened[1]}
            for (step, at), hours in zip(steps.items(), targets, strict=True):
                if (at or self.over) - opened > timedelta(hours=hours):
                    kept[step].append(False)
                elif at:
                    kept[step].append(True)
        return {f"{step}_in_target_rate": _mean(list(map(int, told))) for step, told in kept.items()}

    def _dues(self, account: str) -> tuple[Value, int | None]:
        judged = []
        for row in self.known["invoices"]:
            if row["account_id"] != account or row["kind"] == "credit_note" or row["due_date"] > self.day:
                continue
            number = row["invoice_id"]
            settled = [
                (paid["amount"], day_of(paid["paid_at"]))
                for paid in self.known["payments"]
                if paid["invoice_id"] == number
            ] + [
                (note["amount"], day_of(note["invoiced_at"]))
                for note in self.known["invoices"]
                if note["corrects_invoice_id"] == number
            ]
            is_settled = sum(amount for amount, _ in settled) >= row["amount"]
            if is_settled or row["due_date"] < self.day:
                until = max(day for _, day in settled) if is_settled else self.day
                late = max(0, (until - row["due_date"]).days)
                judged.append((row["amount"], late, is_settled, (self.day - row["due_date"]).days))
        recent = [each for each in judged if each[3] < 365]
        total = sum(amount for amount, *_ in recent)
        late = Fraction(sum(amount * days for amount, days, *_ in recent), total) if total else None
        return late, max((0 if is_settled else days for _, days, is_settled, _ in judged), default=None)

    def _opinions(self, account: str) -> dict[str, Value]:
        said = [
            (row["kind"], row["score"])
            for row in self.known["survey_responses"]
            if row["account_id"] == account and 0 <= self._age(row["answered_at"]) < 365
        ]
        votes = [(score >= 9) - (score < 7) for kind, score in said if kind == "nps" and score <= 10]
        content = [Fraction(score - 1, 4) for kind, score in said if kind == "csat" and 1 <= score <= 5]
        return {"nps_rate": _mean(votes), "csat_rate": _mean(content)}

    def _contracts(self, account: str) -> list[Row]:
        return [
            row
            for row in self.known["contracts"]
            if row["account_id"] == account and row["kind"] != "framework" and not row["is_trial"]
            and min(row["start_date"], row["signed_date"]) <= self.day
        ]  # fmt: skip

    def _bound(self, signed: list[Row]) -> tuple[int | None, int | None]:
        """Return for how many days the contracts bind, and how many are under notice with nothing after them."""
        free: list[int] = []
        noticed: list[int] = []
        for row in signed:
            under_notice = row["notice_date"] is not None and row["notice_date"] <= self.day
            goes_on = row["end_date"] is None or (row["renews_itself"] and row["status"] != "ended")
            if under_notice:
                noticed.append(((row["end_date"] or self.day) - self.day).days)
            else:
                free.append(90 if goes_on else (row["end_date"] - self.day).days)
        if not signed:
            return None, None
        left = None if max(free + noticed) <= -365 else max(free, default=0)
        standing = sum(days >= -30 for days in noticed)
        return left, 0 if free and noticed and max(free) > max(noticed) else standing


def _profile(mode: str, size: str | None, tenure: int | None) -> str | None:
    if tenure is None:
        return None
    if tenure < 180:
        return "new"
    if mode in ("contractual", "mixed"):
        return mode
    return "large" if size == "large" else "standard"


def _scored(values: Mapping[str, Value], profile: str | None, caps: Mapping[str, tuple[int, bool]]) -> Row:
    indices: dict[str, Value] = {}
    for group in GROUPS:
        parts = [
            (weight, min(Fraction(1), max(Fraction(0), (value - Fraction(worst)) / (Fraction(best) - Fraction(worst)))))
            for name, (of, weight, worst, best) in MEASURES.items()
            if of == group and (value := values[name]) is not None
        ]
        total = sum(weight for weight, _ in parts)
        indices[group] = 100 * sum((weight * rate for weight, rate in parts), Fraction(0)) / total if parts else None
    told: Row = {f"{group}_index": index for group, index in indices.items()} | {"profile_code": profile}
    if profile is None:
        return told | {"score": None, "coverage": None, "cap_code": None, "reason": "not_yet_customer"}
    weights = dict(zip(GROUPS, WEIGHTS[profile], strict=True))
    known = {group: index for group, index in indices.items() if index is not None}
    covered = sum(weights[group] for group in known)
    coverage = Fraction(covered, sum(weights.values()))
    if coverage < Fraction(6, 10):
        return told | {"score": None, "coverage": coverage, "cap_code": None, "reason": "too_little_known"}
    score = sum((weights[group] * index for group, index in known.items()), Fraction(0)) / covered
    holding: list[tuple[int, str]] = [(maximum, code) for code, (maximum, holds) in caps.items() if holds]
    binding = min((each for each in holding if each[0] < score), default=None)
    final = score if binding is None else Fraction(binding[0])
    return told | {
        "score": final, "coverage": coverage, "cap_code": None if binding is None else binding[1], "reason": None,
    }  # fmt: skip


def _mean(values: Sequence[int | Fraction]) -> Value:
    return sum(map(Fraction, values), Fraction(0)) / len(values) if values else None


def _known(rows: Sequence[Row], key: str, day: date) -> list[Row]:
    """Return each record's last version known by the day, unless it was taken out."""
    newest: dict[Any, Row] = {}
    for row in sorted(rows, key=lambda row: row["known_at"]):
        if day_of(row["known_at"]) <= day:
            newest[row[key]] = row
    return [row for row in newest.values() if not row.get("is_deleted")]
