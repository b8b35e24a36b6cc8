"""The short mails beside the lists: to team leads, and to whoever has nothing to call."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from email.message import EmailMessage
from typing import Any

import psycopg
import pytest

from delivery.lead_letter import LeadLetter, LeadLine
from delivery.managers import Language
from delivery.published_summaries import PublishedDigests, PublishedQuietLists
from delivery.quiet_letter import QuietLetter
from tests.delivery.conftest import AS_OF, FaultyServer, Publisher, letter_head
from tests.delivery.rendering import PAYLOADS, Tags, part, render
from tests.delivery.sending import send
from warehouse.company import Company

SUNDAY = date(2026, 3, 29)  # its list is read on a Monday
STATUSES = ("new", "worsened", "still_open", "recovered")


def text_of(mail: EmailMessage) -> str:
    return " ".join(part(mail, "plain").split())


def test_a_lead_gets_the_numbers_of_their_people_and_of_nobody_else(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    draw = random.Random(3)
    leads = ["north", "south"]
    people = {f"m{number}": draw.choice([*leads, None, "stranger"]) for number in range(12)}
    lists = {name: [f"{name}-{number}" for number in range(draw.randint(0, 5))] for name in people}
    entries: list[dict[str, Any]] = [{"id": name, "lead": lead} for name, lead in people.items()]
    entries += [{"id": "north", "lead": "north"}, {"id": "south", "language": "zh"}]
    gen = publisher.publish(entries, {name: accounts for name, accounts in lists.items() if accounts})
    facts = {account: (draw.choice(STATUSES), draw.random() < 0.4) for of in lists.values() for account in of}
    for account, (status, unanswered) in facts.items():
        publisher.connection.execute(
            "update pub.fct_churn_lists set status_code = %s, is_unanswered = %s where account_id = %s",
            (status, unanswered, account),
        )
    publisher.connection.commit()
    assert send(mailer, company, faulty_server.url, gen, kind=PublishedDigests).sent == 2
    (north,) = faulty_server.kept["north@example.test"]
    (south,) = faulty_server.kept["south@example.test"]
    assert list(north.iter_attachments()) == []
    assert "您好" in text_of(south)

    expected: dict[str, list[int]] = defaultdict(lambda: [0] * 6)
    for name, accounts in lists.items():
        if people[name] != "north":
            continue
        for rank, account in enumerate(accounts, start=1):
            status, unanswered = facts[account]
            for key in ("Together", f"Name of {name}"):
                expected[key][STATUSES.index(status)] += 1
                expected[key][4] += unanswered
                expected[key][5] += 0 if status == "recovered" else 100 - rank
    assert len(expected) > 2
    for name, (new, worse, still, well, silent, loss) in expected.items():
        line = (
            f"{name} New: {new} · Worse: {worse} · Still open: {still} · Recovered: {well}"
            f" Not answered: {silent} · Expected loss: {company.currency} {loss}"
        )
        assert line in text_of(north), name
        assert line.split(" New", maxsplit=1)[0] in "".join(Tags(part(north, "html")).words)
    risky = sum(expected["Together"][:3])
    assert str(north["Subject"]) == f"Your team's lists, {AS_OF}: {risky} customers at risk"
    assert [name for name in people if people[name] != "north" and f"Name of {name} " in text_of(north)] == []
    assert [account for account in facts if account in text_of(north)] == []


def test_the_lists_do_not_wait_for_the_digests_nor_the_other_way_round(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    gen = publisher.publish([{"id": "ann", "lead": "lea"}, {"id": "lea"}], {"ann": ["A1"], "lea": ["L1"]})
    assert publisher.states(gen, "churn_list") == {"ann": "pending", "lea": "pending"}
    assert publisher.states(gen, "lead_digest") == {"lea": "pending"}
    assert send(mailer, company, faulty_server.url, gen).sent == 2
    assert publisher.states(gen, "lead_digest") == {"lea": "pending"}
    assert send(mailer, company, faulty_server.url, gen, kind=PublishedDigests).sent == 1
    assert send(mailer, company, faulty_server.url, gen, kind=PublishedDigests).sent_now == 0
    assert len(faulty_server.kept["lea@example.test"]) == 2


def test_digests_are_held_with_the_lists(publisher: Publisher) -> None:
    gen = publisher.publish(
        [{"id": "ann", "lead": "lea"}, {"id": "lea"}], {"ann": ["A1"]}, stale={"erp": AS_OF - timedelta(days=2)}
    )
    assert publisher.states(gen, "churn_list") == {"ann": "held"}
    assert publisher.states(gen, "lead_digest") == {"lea": "held"}
    publisher.connection.execute("update pub.dim_sources set is_stale = false where gen = %s", (gen,))
    publisher.enqueue(gen)
    assert publisher.states(gen, "lead_digest") == {"lea": "pending"}


@pytest.mark.parametrize(("day", "is_told"), [(SUNDAY, True), (SUNDAY + timedelta(days=1), False), (AS_OF, False)])
def test_who_has_customers_and_an_empty_list_is_told_so_on_mondays(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer, day: date,
    is_told: bool,
) -> None:  # fmt: skip
    managers: list[dict[str, Any]] = [
        {"id": "busy"}, {"id": "calm", "accounts": 7}, {"id": "none", "accounts": 0},
        {"id": "gone", "is_active": False}, {"id": "away", "covered_by": "busy"},
    ]  # fmt: skip
    gen = publisher.publish(managers, {"busy": ["B1"]}, as_of=day)
    for account, manager in (("B1", "busy"), ("B2", "busy"), ("C1", "calm"), ("C2", "calm")):
        publisher.connection.execute(
            "insert into pub.fct_account_next_actions (gen, account_id, account_manager_id) values (%s, %s, %s)",
            (gen, account, manager),
        )
    publisher.connection.commit()
    assert send(mailer, company, faulty_server.url, gen).sent == 1
    (list_of_busy,) = faulty_server.kept.pop("busy@example.test")
    assert "1 more customer of yours is at risk and not on this list" in text_of(list_of_busy)
    assert publisher.states(gen, "quiet_list") == ({"calm": "pending"} if is_told else {})
    assert send(mailer, company, faulty_server.url, gen, kind=PublishedQuietLists).sent == int(is_told)
    assert list(faulty_server.kept) == (["calm@example.test"] if is_told else [])
    if is_told:
        (mail,) = faulty_server.kept["calm@example.test"]
        assert "None of your 7 customers is on a list" in text_of(mail)
        assert "2 of them are at risk all the same" in text_of(mail)
        assert list(mail.iter_attachments()) == []


def a_digest(language: Language, name: str, manager: str) -> LeadLetter:
    line = LeadLine(
        manager_name=manager, new_count=1, worsened_count=2, still_open_count=3, recovered_count=4, unanswered_count=5,
        expected_loss_amount=Decimal("1234.5"),
    )  # fmt: skip
    return LeadLetter(**letter_head(language, name), lines=(line,))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_equal_letters_are_equal_bytes_and_say_whose_language_they_are_in(language: Language) -> None:
    quiet = QuietLetter(**letter_head(language, "Ann"), accounts_count=1, unlisted_count=0)
    for letter in (quiet, a_digest(language, "Ann", "Bob")):
        assert render(letter).as_bytes() == render(letter).as_bytes()
        assert render(letter)["Content-Language"] == language
    assert ("only" in text_of(render(quiet))) is (language == "en")


def test_where_nobody_is_asked_a_lead_is_told_of_no_answers() -> None:
    letter = a_digest("en", "Ann", "Bob")
    silent = replace(letter, lines=(replace(letter.lines[0], unanswered_count=None),))
    for kind in ("plain", "html"):
        assert "Not answered" in part(render(letter), kind)
        assert "Not answered" not in part(render(silent), kind)
    assert "None" not in part(render(silent), "plain")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_name_is_ever_run(payload: str) -> None:
    hostile, plain = render(a_digest("en", payload, payload)), render(a_digest("en", "a", "b"))
    assert hostile.keys() == plain.keys()
    assert str(hostile["Subject"]) == str(plain["Subject"])
    assert Tags(part(hostile, "html")).found == Tags(part(plain, "html")).found
