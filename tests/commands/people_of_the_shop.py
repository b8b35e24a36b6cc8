"""The corner shop with a CRM of people beside its till: talks, tickets, answers, opportunities and visits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from tests.commands.corner_shop import FOLDER, GOOD_DAY, write_csv

PERSON = ("id", "name", "mail", "phone", "title", "hobby", "note", "subject", "ticket", "remark", "quarantine")
"""Where the one person's secret words stand."""

_WHERE = {"account_id": "customer", "contact_id": "who"}
_ENTITIES: dict[str, dict[str, Any]] = {
    "contacts": {
        "contact_id": "id", "account_id": "customer", "contact_name": "name", "job_title": "title", "email": "mail",
        "phone": "phone", "claimed_level": "level", "reports_to_id": "boss", "buying_role": "role", "created_at": "day",
    },
    "interactions": _WHERE | {"interaction_id": "id", "kind": "kind", "subject": "subject", "note": "note",
                              "happened_at": "day"},
    "tickets": _WHERE | {"ticket_id": "id", "kind": "kind", "subject": "subject", "description": "words",
                         "opened_at": "day"},
    "survey_responses": _WHERE | {"survey_response_id": "id", "kind": {"value": "nps"}, "score": "score",
                                  "comment": "words", "answered_at": "day"},
    "opportunities": _WHERE | {"opportunity_id": "id", "stage": {"value": "offer"}, "amount": "score",
                               "opened_at": "day"},
    "web_visits": _WHERE | {"web_visit_id": "id", "page": "words", "visited_at": "day"},
}  # fmt: skip


def write_company(folder: Path) -> Path:
    """Write the company's company.yml: the shop's own, with one more source of kind files."""
    company = yaml.safe_load((FOLDER / "company.yml").read_text(encoding="utf-8"))
    company["sources"][0]["path"] = "till"
    company["sources"].append({
        "name": "crm", "kind": "files", "path": "crm", "quarantine_limit": 0.5,
        "datasets": {entity: {"files": f"{entity}.csv", "mode": "full"} for entity in _ENTITIES},
        "entities": {
            entity: {"from": entity, "fields": fields} | ({"extra": {"hobby": "hobby"}} if entity == "contacts" else {})
            for entity, fields in _ENTITIES.items()
        },
    })  # fmt: skip
    for source in ("till", "crm"):
        (folder / source).mkdir(parents=True)
    (folder / "company.yml").write_text(yaml.safe_dump(company, allow_unicode=True), encoding="utf-8")
    return folder


def write_people(folder: Path, words: Mapping[str, str], *, more: str = "") -> None:
    """Write the CRM's files: the person and nine others at five customers; `more` is a change of the person's records.

    Every other customer but the person's writes the same kinds of things.
    """
    who, crm = words["id"], folder / "crm"
    ids = [who, *(f"P{number}" for number in range(2, 11))]
    customers = {each: f"K{1 + number // 2:02}" for number, each in enumerate(ids)}
    days = [GOOD_DAY - timedelta(days=9 * number + 3) for number in range(len(ids))]
    own = [words["name"], words["title"], f"{words['mail']}@example.com", words["phone"]]
    people = [
        [each, customers[each], *(own if each == who else [f"Person {each}", "Buyer", f"{each}@example.com", ""]),
         str(number % 5), who if each == "P2" else "", "decision_maker" if number % 2 else "user",
         (GOOD_DAY - timedelta(days=300 + number)).isoformat(), words["hobby"] if each == who else ""]
        for number, each in enumerate(ids)
    ]  # fmt: skip
    write_csv(crm / "contacts.csv", ["id", "customer", "name", "title", "mail", "phone", "level", "boss", "role", "day",
                                     "hobby"], people)  # fmt: skip
    header = ["id", "customer", "who", "kind", "subject", "note", "words", "score", "day"]

    def rows(mark: str, kinds: tuple[str, str], said: Mapping[str, str]) -> list[list[str]]:
        return [
            [f"{mark}{number}{turn}", customers[each], each, kinds[turn],
             said["subject"] if each == who else "delivery",
             said["note"] + more if each == who else "the delivery came too late",
             said["words"] + more if each == who else "the price is too high",
             str((number + turn) % 11), _day(days[number], turn)]
            for number, each in enumerate(ids) for turn in (0, 1)
        ]  # fmt: skip

    talk = {"subject": words["subject"], "note": f"{words['note']} the delivery was late", "words": ""}
    ticket = {"subject": "broken", "note": "", "words": f"{words['ticket']} poor quality"}
    answer = {"subject": "", "note": "", "words": f"{words['remark']} too expensive"}
    write_csv(crm / "interactions.csv", header, rows("T", ("call", "visit"), talk))
    write_csv(crm / "tickets.csv", header, rows("S", ("complaint", "question"), ticket))
    refused = ["A99", "K01", who, "", "", "", words["quarantine"], "nine", days[0].isoformat()]
    write_csv(crm / "survey_responses.csv", header, [*rows("A", ("", ""), answer), refused])
    write_csv(crm / "opportunities.csv", header, rows("O", ("", ""), answer))
    write_csv(crm / "web_visits.csv", header, rows("W", ("", ""), {"subject": "", "note": "", "words": "tea"}))


def _day(day: date, turn: int) -> str:
    return (day - timedelta(days=40 * turn)).isoformat()
