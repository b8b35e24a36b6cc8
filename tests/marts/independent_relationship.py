"""Levels of relationships and the index of an account, computed a second time from the words, in plain Python.

Nothing here looks at the SQL: each person and day is asked on its own, over all records known on that day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

Row = dict[str, Any]

KEYS = {
    "contacts": "contact_id", "interactions": "interaction_id", "survey_responses": "survey_response_id",
    "referrals": "referral_id", "campaign_members": "campaign_member_id", "opportunities": "opportunity_id",
    "bids": "bid_id", "accounts": "account_id", "tickets": "ticket_id",
}  # fmt: skip
PARTS = {
    "decision_maker": ("decision", 5, 60), "approver": ("approver", 4, 60), "evaluator": ("evaluator", 3, 90),
    "influencer": ("influencer", 2, 90), "supporter": ("supporter", 1, 180), "user": ("supporter", 1, 180),
    None: ("unknown", 0, 180),
}  # fmt: skip
MANDATORY = {"decision": 5, "approver": 4, "evaluator": 3}
WORTH = {-1: -0.5, 0: 0.0, 1: 0.15, 2: 0.35, 3: 0.55, 4: 0.8, 5: 1.0}
AGAINST = {"complained", "opposed_us", "met_competitor"}
SUPPORT = {"short_listed_us", "asked_us_to_specify", "spoke_for_us", "gave_reference", "gave_referral"}
EXCLUSION = {"blocked_competitor", "single_sourced"}
FOR_US = SUPPORT | EXCLUSION | {"shared_information", "would_recommend"}


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did, and when."""

    kind: str
    account: str | None
    contact: str | None
    manager: str | None
    deal: str | None
    day: date


def day_of(moment: datetime) -> date:
    """Return the business day of a moment, in Shanghai."""
    return (moment + timedelta(hours=8)).date()


class Relationships:
    """What was known on a day, and what follows from it."""

    def __init__(self, records: Mapping[str, Sequence[Row]], day: date) -> None:
        self.day = day
        self.records = {entity: _known(rows, KEYS[entity], day) for entity, rows in records.items()}
        self.has_talks = any(day_of(row["known_at"]) <= day for row in records.get("interactions", ()))
        self.has_people = any(day_of(row["known_at"]) <= day for row in records.get("contacts", ()))
        self.acts = self._acts()

    def _acts(self) -> list[Act]:
        acts = []
        for row in self.records.get("interactions", ()):
            if row["kind"] == "social" or (row.get("status") or "done") != "done":
                continue
            kinds = []
            if _is_two_way(row):
                kinds.append("two_way")
                kinds += {"meeting": ["accepted"], "visit": ["accepted"], "training": ["accepted"],
                          "event": ["event"]}.get(row["kind"], [])  # fmt: skip
            if row.get("direction") == "inbound":
                kinds.append("accepted")
            if row.get("evidence"):
                kinds.append(row["evidence"])
            acts += [self._act(kind, row, row["happened_at"]) for kind in kinds]
        for row in self.records.get("campaign_members", ()):
            if row["status"] == "attended":
                acts.append(self._act("event", row, row["joined_at"]))
        acts += [self._act("gave_referral", row, row["referred_at"]) for row in self.records.get("referrals", ())]
        for row in self.records.get("survey_responses", ()):
            if row["kind"] == "nps" and 9 <= row["score"] <= 10:
                acts.append(self._act("would_recommend", row, row["answered_at"]))
        return [act for act in acts if act.day <= self.day]

    @staticmethod
    def _act(kind: str, row: Row, moment: datetime) -> Act:
        return Act(
            kind, row.get("account_id"), row.get("contact_id"), row.get("account_manager_id"),
            row.get("opportunity_id"), day_of(moment),
        )  # fmt: skip

    def _has_deal(self, act: Act) -> bool:
        """Whether the act names a deal, or falls into one of the account's."""
        if act.deal is not None:
            return True
        spans = [
            (day_of(row["opened_at"]), day_of(row["closed_at"]) if row["closed_at"] else None)
            for row in self.records.get("opportunities", ())
            if act.account is not None and row["account_id"] == act.account
        ]
        spans += [
            (row["published_date"], row["decided_date"])
            for row in self.records.get("bids", ())
            if act.account is not None and row["account_id"] == act.account
        ]
        return any(begin <= act.day and (end is None or act.day <= end) for begin, end in spans)

    def person(self, contact: Row) -> Row:
        """Return what is to be said of a person."""
        left = contact["left_date"]
        has_left = left is not None and left <= self.day
        until = left if has_left else self.day
        own = [
            act
            for act in self.acts
            if act.contact == contact["contact_id"] and act.day <= until
            and (act.account is None or contact["account_id"] in (None, act.account))
        ]  # fmt: skip
        talks = [act.day for act in own if act.kind == "two_way"]
        silent = (until - max(talks)).days if talks else None
        part, weight, cadence = PARTS[contact["buying_role"]]
        earned = self._earned(own, talks, until) if self.has_talks else None
        computed = earned
        if earned is not None and earned > 1 and silent is not None:
            missed = 0
            while silent > (missed + 1) * cadence:
                missed += 1
            computed = max(1, earned - missed)
        claimed = contact["claimed_level"]
        told = [act for act in own if act.kind == "shared_information" and (until - act.day).days < 90]
        return {
            "contact_key": f"crm|{contact['contact_id']}", "account_id": contact["account_id"], "role_code": part,
            "chain_weight": weight, "earned_level": earned, "computed_level": computed, "claimed_level": claimed,
            "published_level": computed if computed is None or claimed is None else min(computed, claimed),
            "silent_days": silent, "has_left": has_left, "counted_date": until,
            "is_coach": None if computed is None else computed == 5 and len(told) >= 3,
            "is_over_claimed": None if computed is None or claimed is None else claimed - computed >= 2,
            "is_overdue": None if has_left or not self.has_talks else silent is None or silent > cadence,
        }  # fmt: skip

    def _earned(self, own: list[Act], talks: list[date], until: date) -> int:
        recent = [act for act in own if (until - act.day).days < 180]
        against = [act.day for act in recent if act.kind in AGAINST]
        if against and not any(act.day > max(against) for act in recent if act.kind in FOR_US):
            return -1
        if not any((until - talk).days < 365 for talk in talks):
            return 0
        newest = [talk for talk in talks if (until - talk).days < 180]
        kinds = Counter(act.kind for act in recent)
        if len(newest) < 3 or len(set(newest)) < 2 or not kinds["accepted"]:
            return 1
        if any(kinds[kind] for kind in SUPPORT):
            return 5 if any(act.kind in EXCLUSION and self._has_deal(act) for act in recent) else 4
        return 3 if kinds["shared_information"] or kinds["event"] >= 2 or kinds["would_recommend"] else 2

    def people(self) -> list[Row]:
        """Return what is to be said of everybody."""
        return [self.person(contact) for contact in self.records.get("contacts", ())]

    def account(self, account: str) -> Row:
        """Return what is to be said of an account."""
        everybody = [one for one in self.people() if one["account_id"] == account]
        there = [one for one in everybody if not one["has_left"]]
        empty = {part: weight for part, weight in MANDATORY.items() if part not in {one["role_code"] for one in there}}
        chain = [one for one in there if one["chain_weight"]]
        told: Row = {
            "unfilled_roles_count": len(empty) if self.has_people else None,
            "contacts_known_count": len(there) if self.has_people else None,
            "identified_rate": (3 - len(empty)) / 3 if everybody else None,
            "contact_thread_rate": self._largest(account, "contact"),
            "manager_thread_rate": self._largest(account, "manager"),
        }
        if not everybody or not self.has_talks:
            return told | dict.fromkeys(("key_index", "covered_rate", "supported_rate", "opposers_count"))
        champions = [
            one
            for one in there
            if one["earned_level"] == 5 and (one["claimed_level"] is None or one["claimed_level"] >= 5)
        ]
        total = sum(one["chain_weight"] for one in chain) + sum(empty.values())
        worth = sum(one["chain_weight"] * WORTH[one["published_level"]] for one in chain)
        size = len(chain) + len(empty)
        return told | {
            "key_index": max(0.0, 100 * worth / total) if total else None,
            "covered_rate": sum(one["published_level"] >= 2 for one in chain) / size if size else None,
            "supported_rate": sum(one["published_level"] >= 4 for one in chain) / size if size else None,
            "opposers_count": sum(one["published_level"] == -1 for one in there),
            "threads_count": sum(one["published_level"] >= 2 for one in there),
            "over_claims_count": sum(bool(one["is_over_claimed"]) for one in there),
            "champions_count": len(champions),
            "champion_silent_days": min((one["silent_days"] for one in champions), default=None),
        }

    def _largest(self, account: str, side: str) -> float | None:
        those = [
            getattr(act, side)
            for act in self.acts
            if act.kind == "two_way" and act.account == account and (self.day - act.day).days < 180
        ]
        counts = Counter(one for one in those if one is not None)
        return max(counts.values()) / counts.total() if counts else None


def _known(rows: Sequence[Row], key: str, day: date) -> list[Row]:
    """Return the newest version of each record by the day, unless it says that the record is gone."""
    newest: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: row["known_at"]):
        if day_of(row["known_at"]) <= day:
            newest[row[key]] = row
    return [row for row in newest.values() if not row.get("is_deleted")]


def _is_two_way(row: Row) -> bool:
    if row.get("is_two_way") is not None:
        return bool(row["is_two_way"])
    if row.get("outcome") == "no_response":
        return False
    return row.get("direction") == "mutual" or row["kind"] in {"visit", "meeting", "training"}
