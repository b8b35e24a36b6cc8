"""Companies by chance of whose houses, people, tenders and agreements a CRM tells, as raw rows."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

Row = dict[str, Any]

SINCE = date(2023, 1, 1)
DEPARTMENTS = {
    "采购部": "purchasing", "Purchasing": "purchasing", "Quality Control": "quality", "总经办": "management",
    "财务部": "finance", "生产车间": "production", "仓储部": "warehouse", "三楼": None, None: None,
}  # fmt: skip
KINDS = ("call", "mail", "visit", "meeting", "event", "social")
RANKS = ("executive", "executive", "manager", None)
KEYS = {
    "accounts": "account_id", "contacts": "contact_id", "interactions": "interaction_id", "bids": "bid_id",
    "contracts": "contract_id", "opportunities": "opportunity_id", "orders": "order_id",
    "order_lines": "order_line_id", "tickets": "ticket_id",
}  # fmt: skip


def moment(day: date) -> datetime:
    """Noon of a day in Shanghai."""
    return datetime.combine(day, time(4), tzinfo=UTC)


@dataclass(slots=True)
class House:
    """Raw rows by entity. Of the accounts the last is in no CRM, the one before it was first heard of in May."""

    dice: random.Random
    as_of: date
    accounts: int
    tables: dict[str, list[Row]] = field(default_factory=lambda: {entity: [] for entity in KEYS})

    def __post_init__(self) -> None:
        names = [f"A{number}" for number in range(self.accounts)]
        for name in names:
            known = date(2025, 5, 10) if name == names[-2] else SINCE
            self.add(
                "accounts", name, known, parent_account_id=names[0] if name == names[1] else None,
                industry=self.dice.choice(["food", "water", "water", None]),
                size_band=self.dice.choice(["small", "small", "small", "small", "large", None]),
            )  # fmt: skip
            self._sales(name)
            if name != names[-1]:
                is_close = self.dice.random() < 0.3
                self._people(name, is_close=is_close)
                self._deals(name, is_close=is_close)

    def add(self, entity: str, key: str, known: date, **values: Any) -> None:
        """Add a version of a record."""
        row = {"source": "crm", "record_id": key, "gen": 1, KEYS[entity]: key, "known_at": moment(known)}
        self.tables[entity].append(row | values)

    def _day(self, back: int = 800) -> date:
        return self.as_of - timedelta(days=self.dice.randint(0, back))

    def _sales(self, account: str) -> None:
        dice = self.dice
        for number in range(dice.choice([0, 1, 8, 12])):
            day, key = self._day(), f"{account}-{number}"
            expected = day + timedelta(days=dice.randint(0, 20)) if dice.random() < 0.7 else None
            self.add(
                "orders", key, day, account_id=account, ordered_at=moment(day), expected_date=expected,
                delivered_date=day + timedelta(days=dice.randint(0, 30)) if dice.random() < 0.7 else None,
                status=dice.choice([None, "open", "done", "cancelled"]),
            )  # fmt: skip
            amount = Decimal(dice.choice([100, 300, 1000, -50]))
            self.add("order_lines", key, day, order_id=key, quantity=1, net_amount=amount)

    def _people(self, account: str, *, is_close: bool) -> None:
        dice = self.dice
        people = [f"{account}-{number}" for number in range(7 if is_close else dice.randint(0, 6))]
        for key in people:
            left = self._day(300) if dice.random() < 0.2 else None
            known = SINCE if is_close else self._day()
            text = list(DEPARTMENTS)[int(key[-1])] if is_close else dice.choice(list(DEPARTMENTS))
            self.add("contacts", key, known, account_id=account, department=text, left_date=left)
            if dice.random() < 0.3:
                self.add("contacts", key, self._day(200), account_id=account, department="采购部", left_date=left)
        for number in range(70 if is_close else dice.choice([0, 3, 12])):
            day, key = self._day(500), f"{account}-{number}"
            self.add(
                "interactions", key, day + timedelta(days=dice.choice([0, 0, 9])), account_id=account,
                contact_id=dice.choice([*people, None]), kind=dice.choice(KINDS), happened_at=moment(day),
                direction="mutual" if is_close else dice.choice([None, "inbound", "mutual"]),
                is_two_way=None if is_close else dice.choice([None, None, True, False]),
                outcome=None if is_close else dice.choice([None, "positive", "no_response"]),
                status=dice.choice([None, "done", "missed"]),
                counterpart_level=dice.choice(RANKS), our_level=dice.choice(RANKS),
                subject=dice.choice([None, "年度联合规划评审", "报价"]),
            )  # fmt: skip
        for number in range(dice.choice([0, 1, 3])):
            day = self._day()
            kind = dice.choice(["complaint", "question"])
            self.add("tickets", f"{account}-{number}", day, account_id=account, kind=kind, opened_at=moment(day))

    def _deals(self, account: str, *, is_close: bool) -> None:
        dice = self.dice
        for number in range(9 if is_close else dice.choice([0, 1, 2, 3, 6])):
            day, key, bidders = self._day(), f"{account}-{number}", dice.randint(1, 4)
            result = dice.choice(["open", "won", "won", "lost", "withdrawn"])
            decided = day + timedelta(days=dice.randint(0, 90)) if result in ("won", "lost") else None
            self.add("opportunities", key, day, account_id=account, opened_at=moment(day),
                     competitor=dice.choice([None, "Acme", "beta "]))  # fmt: skip
            self.add(
                "bids", key, day, account_id=account, opportunity_id=key, result=result, submitted_at=moment(day),
                decided_date=decided if dice.random() < 0.8 else None, bidder_count=bidders, amount=100,
                technical_rank=dice.choice([None, dice.randint(1, bidders)]),
                helped_specify=dice.choice([None, True, False]),
                winner=dice.choice(["ACME", "Beta", None]) if result == "lost" else None,
            )  # fmt: skip
        if is_close:
            self.add("contracts", f"{account}-frame", SINCE, account_id=account, kind="framework", scope="region",
                     status="active", start_date=SINCE, end_date=None, contract_name="年度协议")  # fmt: skip
        for number in range(dice.choice([0, 1, 3])):
            start, key = self._day(), f"{account}-{number}"
            values: Row = {
                "account_id": account, "start_date": start,
                "kind": dice.choice(["framework", "framework", "subscription", "project"]),
                "scope": dice.choice(["group", "region", "site", None]),
                "status": dice.choice([None, "active", "ended", "draft"]),
                "name": dice.choice(["年度协议", "联合创新中心"]),
                "end_date": start + timedelta(days=dice.randint(30, 500)) if dice.random() < 0.8 else None,
            }  # fmt: skip
            values["contract_name"] = values.pop("name")
            self.add("contracts", key, start, **values)
            if dice.random() < 0.4:  # notice was given, and the CRM learned of it later
                known = start + timedelta(days=40)
                self.add("contracts", key, known, **(values | {"end_date": known}))
