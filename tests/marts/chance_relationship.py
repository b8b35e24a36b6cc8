"""Customers by chance whose people talk to us, help us, turn against us, move and leave, as raw rows."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

Row = dict[str, Any]

MANAGERS = ("M1", "M2", "M3", None)
ROLES = ("decision_maker", "approver", "evaluator", "influencer", "supporter", "user", None)
CHAINS = ("technical", "commercial", "overall", None)
SIGNS = (
    "shared_information", "short_listed_us", "asked_us_to_specify", "spoke_for_us", "gave_reference",
    "blocked_competitor", "single_sourced", "complained", "opposed_us", "met_competitor",
)  # fmt: skip
KINDS = ("call", "visit", "meeting", "mail", "event", "training", "social", "other")
# around every window and cadence of the policy
EDGES = (0, 1, 59, 60, 61, 89, 90, 91, 120, 121, 178, 179, 180, 181, 240, 241, 364, 365, 366)


def moment(day: date) -> datetime:
    """Noon of a day in Shanghai."""
    return datetime.combine(day, time(4), tzinfo=UTC)


class Manner(NamedTuple):
    """How a person deals with us: how much of what it does is for us, how often it does anything, since when not."""

    favour: float
    openness: float
    silent_days: int


class Crm:
    """A CRM that is filled by chance: some records have a second version, some are taken out again."""

    def __init__(self, dice: random.Random, *, as_of: date, accounts: int) -> None:
        self.dice = dice
        self.as_of = as_of
        self.tables: dict[str, list[Row]] = {}
        names = [f"A{number}" for number in range(accounts)]
        for number, name in enumerate(names):
            since = as_of - timedelta(days=700 if number else 100)
            self.add("accounts", name, {"account_id": name, "is_internal": number == 1}, since)
        for name in names[:-1]:
            self._account(name, names)

    def add(self, entity: str, key: str, row: Row, known: date) -> None:
        """Add a version of a record, known since a day."""
        same = {"source": "crm", "gen": 1, "record_id": key, "known_at": moment(known)}
        self.tables.setdefault(entity, []).append(same | row)

    def _day(self, back: int = 600) -> date:
        """A day by chance, half of the time one at the edge of a window."""
        ago = self.dice.choice([edge for edge in EDGES if edge <= back]) if self.dice.random() < 0.5 else None
        return self.as_of - timedelta(days=self.dice.randint(0, back) if ago is None else ago)

    def _account(self, name: str, names: list[str]) -> None:
        dice = self.dice
        for number in range(dice.randint(0, 2)):
            opened = self._day()
            closed = max(self._day(200), opened + timedelta(days=1))
            told: Row = {"opportunity_id": f"{name}-O{number}", "account_id": name, "opened_at": moment(opened)}
            self.add("opportunities", told["opportunity_id"], told | {"closed_at": None}, opened)
            if closed <= self.as_of:
                self.add("opportunities", told["opportunity_id"], told | {"closed_at": moment(closed)}, closed)
        published = self._day()
        bid: Row = {"bid_id": f"{name}-B", "account_id": name, "published_date": published, "decided_date": None}
        self.add("bids", bid["bid_id"], bid, published)
        people = [f"{name}-P{number}" for number in range(dice.randint(1, 5))]
        for person in people:
            self._person(name, person, names)
            manner = Manner(dice.choice((0, 0.5, 0.9, 1)), dice.choice((0.1, 0.3, 1)), dice.choice((0, 0, 65, 125)))
            for number in range(dice.randint(0, 2 + 2 * dice.choice((0, 2, 6, 20)))):
                self._talk(f"{person}-I{number}", name, person, manner)
            for number in range(dice.randint(0, 2)):
                self._voice(f"{person}-V{number}", name, person)

    def _person(self, account: str, person: str, names: list[str]) -> None:
        dice = self.dice
        known = self._day(650)
        row = {
            "contact_id": person, "account_id": None if dice.random() < 0.05 else account,
            "buying_role": dice.choice(ROLES), "decision_chain": dice.choice(CHAINS),
            "claimed_level": dice.choice((None, -1, 0, 1, 2, 3, 4, 5)), "left_date": None, "created_at": moment(known),
        }  # fmt: skip
        self.add("contacts", person, row, known)
        later = known + timedelta(days=dice.randint(1, 300))
        change: Row = dice.choice(
            (
                {}, {}, {"claimed_level": dice.choice((None, 2, 5))},
                {"left_date": later - timedelta(days=dice.randint(-5, 40))},
                {"left_date": self.as_of - timedelta(days=dice.choice((-1, 0, 1, 15)))},
                {"account_id": dice.choice(names)},
                {"is_deleted": True},
            )
        )  # fmt: skip
        if change:
            self.add("contacts", person, row | change, later)

    def _talk(self, key: str, account: str, person: str, manner: Manner) -> None:
        dice = self.dice
        happened = self._day(dice.choice((60, 200, 500))) - timedelta(days=manner.silent_days)
        signs = (*SIGNS[:7], *SIGNS[:1] * 4) if dice.random() < manner.favour else SIGNS[7:]
        row = {
            "interaction_id": key, "account_id": None if dice.random() < 0.05 else account,
            "contact_id": None if dice.random() < 0.05 else person, "account_manager_id": dice.choice(MANAGERS),
            "kind": dice.choice(KINDS), "direction": dice.choice(("inbound", "outbound", "mutual", None)),
            "status": dice.choice((None, "done", "done", "done", "missed", "cancelled")),
            "outcome": dice.choice((None, "positive", "no_response")),
            "is_two_way": dice.choice((None, True, True, False)),
            "evidence": dice.choice(signs) if dice.random() < manner.openness else None,
            "happened_at": moment(happened),
            "opportunity_id": f"{account}-O0" if dice.random() < 0.2 else None,
        }  # fmt: skip
        known = happened + timedelta(days=dice.choice((-4, 0, 0, 0, 3, 40)))
        self.add("interactions", key, row | ({"status": "planned"} if known < happened else {}), known)
        if known < happened or dice.random() < 0.15:
            change: Row = dice.choice(({}, {"evidence": dice.choice(SIGNS)}, {"is_deleted": True}))
            self.add("interactions", key, row | change, max(known, happened) + timedelta(days=dice.randint(1, 60)))

    def _voice(self, key: str, account: str, person: str) -> None:
        dice, when = self.dice, self._day(400)
        same = {"account_id": account, "contact_id": person}
        match dice.choice(("survey", "member", "referral", "ticket")):
            case "survey":
                row = {
                    "survey_response_id": key,
                    "kind": dice.choice(("nps", "nps", "csat")),
                    "answered_at": moment(when),
                }
                self.add("survey_responses", key, same | row | {"score": dice.choice((3, 6, 8, 9, 10, 11))}, when)
            case "member":
                row = {"campaign_member_id": key, "campaign_id": "C", "joined_at": moment(when)}
                self.add("campaign_members", key, same | row | {"status": dice.choice(("invited", "attended"))}, when)
            case "referral":
                self.add("referrals", key, same | {"referral_id": key, "referred_at": moment(when)}, when)
            case _:
                row = {"ticket_id": key, "kind": "complaint", "opened_at": moment(when)}
                self.add("tickets", key, same | row, when)
