"""A company with one source that tells of people, its nights, and somebody who is to be forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from erasure.erase import Eraser, Places
from tests.canaries import canary, found_in_database, found_in_folder
from tests.sources.workshop import Workshop
from tests.warehouse.nights import Hand, hand_of
from warehouse.database import Warehouse

FIRST, SECOND, THIRD = "2026-03-31", "2026-04-01", "2026-04-02"
LONG = "a word that was spoken at the table and that two of them heard"

CONTACTS = {
    "contact_id": "id",
    "account_id": "account",
    "contact_name": "name",
    "job_title": "title",
    "claimed_level": "level",
    "reports_to_id": "boss",
    "email": "mail",
    "phone": "phone",
    "extra": None,
}


def source() -> dict[str, object]:
    """Return the entry of company.yml: people, talks, tickets and answers, each in a full file."""
    fields = {name: column for name, column in CONTACTS.items() if column is not None}
    return {
        "quarantine_limit": 0.5,
        "datasets": {
            "people": {"files": "people*.csv", "mode": "full", "columns": [*fields.values(), "hobby", "entered"]},
            "talks": {"files": "talks*.csv", "mode": "full"},
            "tickets": {"files": "tickets*.csv", "mode": "full"},
            "answers": {"files": "answers*.csv", "mode": "full"},
        },
        "entities": {
            "contacts": {"from": "people", "fields": fields | {"created_at": "entered"}, "extra": {"hobby": "hobby"}},
            "interactions": {
                "from": "talks",
                "fields": {"interaction_id": "id", "account_id": "account", "contact_id": "who",
                           "kind": {"value": "call"}, "subject": "subject", "note": "note", "happened_at": "day"},
            },
            "tickets": {
                "from": "tickets",
                "fields": {"ticket_id": "id", "account_id": "account", "contact_id": "who", "subject": "subject",
                           "description": "words", "opened_at": "day"},
            },
            "survey_responses": {
                "from": "answers",
                "fields": {"survey_response_id": "id", "account_id": "account", "contact_id": "who",
                           "kind": {"value": "nps"}, "score": "score", "comment": "comment", "answered_at": "day"},
            },
        },
    }  # fmt: skip


@dataclass
class Town:
    """The company at work, the secret words about the person, and who erases."""

    shop: Workshop
    hand: Hand
    canaries: dict[str, str] = field(
        default_factory=lambda: {
            name: canary(name)
            for name in ("id", "name", "mail", "phone", "title", "hobby", "note", "subject", "ticket", "remark", "file")
        }
    )

    @property
    def home(self) -> Path:
        return self.shop.folder / "home"

    @property
    def warehouse(self) -> Warehouse:
        return self.shop.warehouse

    @property
    def mail(self) -> str:
        return f"{self.canaries['mail']}@example.com"

    def write(self, *, note: str = "", level: int = 3, day: str = "2026-03-01", bad: str = "") -> None:
        """Write the source's files: the person, a colleague and one elsewhere; with a changed note, level or date."""
        c = self.canaries
        header = [column for column in CONTACTS.values() if column is not None]
        people = [
            ",".join([*header, "hobby", "entered"]),
            f"{c['id']},K1,{c['name']},{c['title']},{level},,{self.mail},{c['phone']},{c['hobby']},{bad or day}",
            f"P2,K1,Otto,Buyer,2,{c['id']},otto@example.com,,,{day}",
            f"P3,K2,Mei,Buyer,,,mei@example.com,,,{day}",
        ]
        talks = [
            "id,account,who,subject,note,day",
            f"T1,K1,{c['id']},{c['subject']},{c['note']} {LONG}{note},{day}",
            f"T2,K1,P2,{c['subject']},{c['note']} {LONG}{note},{day}",
            f"T3,K1,P2,lunch,we spoke of {c['name']} at length,{day}",
            f"T4,K2,P3,price,write to {self.mail} next time,{day}",
            f"T5,K1,{c['id']},price,no answer,{day}",
            f"T6,K2,P3,price,no answer,{day}",
        ]
        tickets = ["id,account,who,subject,words,day", f"S1,K1,{c['id']},broken,{c['ticket']} is broken,{day}"]
        answers = [
            "id,account,who,score,comment,day",
            f"A1,K1,{c['id']},9,{c['remark']},{day}",
            f"A2,K1,{c['id']},nine,{c['remark']} too,{day}",  # is refused
            f"A3,K2,P3,8,{c['name']} told us,{day}",
        ]
        for name, lines in {"people": people, "talks": talks, "tickets": tickets, "answers": answers}.items():
            self.shop.csv(f"{name}.csv", lines)

    def eraser(self, *, also: tuple[str, ...] = ()) -> Eraser:
        return Eraser(self.warehouse, Places(self.home, frozenset()), by="the test", reason="asked for it", also=also)

    def found(self, *, but: tuple[str, ...] = ()) -> list[str]:
        """Return where the secret words are, in the database and in the state folder."""
        wanted = {name: word for name, word in self.canaries.items() if name not in but}
        return found_in_database(self.warehouse.admin_url, wanted) + found_in_folder(self.home, wanted)


@pytest.fixture
def workshop(warehouse: Warehouse, tmp_path: Path) -> Workshop:
    """A company whose one source each test describes."""
    return Workshop(warehouse, tmp_path)


@pytest.fixture
def town(warehouse: Warehouse, tmp_path: Path) -> Iterator[Town]:
    shop = Workshop(warehouse, tmp_path, source())
    with hand_of(warehouse, tmp_path) as hand:
        town = Town(shop, hand)
        town.home.mkdir()
        town.write()
        yield town
