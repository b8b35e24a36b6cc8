from __future__ import annotations

import random
import socket
import traceback
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from delivery.deliver import BadSenderError, ForeignRowsError, MailServerSilentError
from delivery.mailbox import kept_mails, local_mailbox
from delivery.published import NotLiveError
from delivery.published_lists import PublishedLists
from delivery.report import UndeliveredError, most_hopeful
from delivery.smtp import MailServerRefusedError, MailServerUnreachableError
from tests.canaries import canary, found_in_database, found_in_text
from tests.delivery.conftest import NOW, FaultyServer, Publisher
from tests.delivery.sending import send, two_lists
from warehouse.company import Company
from warehouse.database import Warehouse
from warehouse.errors import Problem


def test_each_manager_gets_their_own_list_once(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    gen = two_lists(publisher)
    report = send(mailer, company, faulty_server.url, gen)
    assert (report.sent, report.sent_now, report.without_list) == (2, 2, 1)
    (ann,) = faulty_server.kept["ann@example.test"]
    (bob,) = faulty_server.kept["bob@example.test"]
    ann_text = ann.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "A1" in ann_text
    assert "B1" not in ann_text
    assert "您好" in bob.get_body(("plain",)).get_content()  # type: ignore[union-attr]

    again = send(mailer, company, faulty_server.url, gen)
    assert (again.sent, again.sent_now) == (2, 0)
    assert sum(map(len, faulty_server.kept.values())) == 2


@pytest.mark.parametrize("takes_answers", [True, False])
def test_only_where_answers_come_in_a_list_asks_for_one(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, takes_answers: bool
) -> None:
    gen = two_lists(publisher)
    lists = replace(PublishedLists.live(mailer, gen=gen, company=company), takes_answers=takes_answers)
    letter = lists.letter(lists.manager("ann"))
    assert letter is not None
    assert bool(letter.outcomes) is takes_answers
    assert {row.is_asked for row in letter.rows} == {takes_answers}


def test_accounts_without_a_manager_go_to_the_desk_of_the_company(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    gen = publisher.publish(
        [{"id": "gone", "is_active": False}], {"desk": ["A1", "A2"]}, owners={"A1": None, "A2": "gone"}
    )
    assert send(mailer, company, faulty_server.url, gen).sent == 1
    (mail,) = faulty_server.kept["desk@example.test"]
    assert "The Desk" in str(mail["To"])


def test_a_manager_without_an_address_fails_and_the_others_get_theirs(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    gen = publisher.publish(
        [{"id": "ann"}, {"id": "none", "email": None}, {"id": "two", "email": "a@x.test, evil@y.test"}],
        {"ann": ["A1"], "none": ["N1"], "two": ["T1"]},
    )
    with pytest.raises(UndeliveredError) as problem:
        send(mailer, company, faulty_server.url, gen)
    assert problem.value.report.failed == ("none", "two")
    assert problem.value.report.sent == 1
    assert "none (the manager has no e-mail address)" in problem.value.seen
    assert "two (not one plain e-mail address)" in problem.value.seen
    assert "evil" not in str(problem.value)
    assert not problem.value.may_pass, "no further try finds an address"
    assert list(faulty_server.kept) == ["ann@example.test"]


def test_an_unreachable_server_leaves_every_list_waiting(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    gen = two_lists(publisher)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    waits: list[float] = []
    with pytest.raises(MailServerUnreachableError, match=f"127.0.0.1:{port}") as problem:
        send(mailer, company, f"smtp://u:secret@127.0.0.1:{port}", gen, waits=waits)
    assert "secret" not in str(problem.value)
    assert waits == sorted(waits)
    assert len(waits) == 3
    assert publisher.states(gen) == {"ann": "pending", "bob": "pending"}
    assert send(mailer, company, faulty_server.url, gen).sent == 2


def test_a_refusal_for_now_is_tried_again_with_growing_waits(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    gen = two_lists(publisher)
    faulty_server.policy = lambda recipient, number: "451" if recipient.startswith("ann") and number < 2 else "ok"
    waits: list[float] = []
    assert send(mailer, company, faulty_server.url, gen, waits=waits).sent == 2
    assert len(waits) == 2
    assert waits[0] < waits[1]
    (mail,) = faulty_server.kept["ann@example.test"]
    assert "(copy)" not in str(mail["Subject"]), "a refused mail never arrived"


def test_a_server_that_always_refuses_for_now_is_given_up_for_this_run(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    gen = two_lists(publisher)
    faulty_server.policy = lambda _recipient, _number: "451"
    with pytest.raises(UndeliveredError, match="run guanxi deliver again") as problem:
        send(mailer, company, faulty_server.url, gen)
    assert problem.value.report.pending == ("ann", "bob")
    assert problem.value.may_pass
    assert set(faulty_server.tries.values()) == {4}
    faulty_server.policy = lambda _recipient, _number: "ok"
    assert send(mailer, company, faulty_server.url, gen).sent == 2


def test_a_refused_recipient_fails_alone(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    gen = two_lists(publisher)
    faulty_server.policy = lambda recipient, _number: "550" if recipient.startswith("ann") else "ok"
    with pytest.raises(UndeliveredError, match=r"ann \(refused by the mail server \(550\)\)"):
        send(mailer, company, faulty_server.url, gen)
    assert publisher.states(gen) == {"ann": "failed", "bob": "sent"}
    assert faulty_server.tries["ann@example.test"] == 1


def test_of_several_kinds_the_one_that_a_further_try_may_mend_is_told(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    """Else a list refused for good would keep the digest that only waits from being tried again."""
    told: list[UndeliveredError] = []
    deeds: list[str] = []
    faulty_server.policy = lambda _recipient, _number: deeds[-1]
    for deed in ("550", "451"):
        deeds.append(deed)
        gen = two_lists(publisher)
        with pytest.raises(UndeliveredError) as problem:
            send(mailer, company, faulty_server.url, gen)
        told.append(problem.value)
    for_good, for_now = told
    assert (for_good.may_pass, for_now.may_pass) == (False, True)
    assert most_hopeful([for_good, for_now]) is for_now
    assert most_hopeful([for_good]) is for_good


@pytest.mark.parametrize(("deed", "copies"), [("drop before", 1), ("drop after", 2), ("hang", 2)])
def test_an_unanswered_mail_is_sent_once_more_and_says_so(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer, deed: str,
    copies: int,
) -> None:  # fmt: skip
    gen = two_lists(publisher)
    faulty_server.policy = lambda recipient, number: deed if recipient.startswith("ann") and number == 0 else "ok"
    report = send(mailer, company, faulty_server.url.replace("timeout=5", "timeout=1"), gen)
    assert (report.sent, report.copies_now) == (2, 1)
    mails = faulty_server.kept["ann@example.test"]
    assert len(mails) == copies
    assert "(copy)" in str(mails[-1]["Subject"])
    assert len({mail["Message-ID"] for mail in mails}) == 1
    assert len({str(mail["Date"]) for mail in mails}) == 1


def test_a_mail_unanswered_twice_is_tried_no_more_and_told(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    gen = two_lists(publisher)
    faulty_server.policy = lambda recipient, _number: "drop after" if recipient.startswith("ann") else "ok"
    for _ in range(3):
        with pytest.raises(UndeliveredError, match="sent twice without an answer: ann") as problem:
            send(mailer, company, faulty_server.url, gen)
        assert problem.value.report.unanswered == ("ann",)
    assert len(faulty_server.kept["ann@example.test"]) == 2
    assert publisher.states(gen) == {"ann": "unknown", "bob": "sent"}


def test_a_server_that_never_answers_is_left_before_everybody_got_two(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    names = [f"m{number:02d}" for number in range(12)]
    gen = publisher.publish([{"id": name} for name in names], {name: [f"{name}-1"] for name in names})
    faulty_server.policy = lambda _recipient, _number: "drop after"
    with pytest.raises(MailServerSilentError):
        send(mailer, company, faulty_server.url, gen)
    assert sum(map(len, faulty_server.kept.values())) == 5
    assert sorted(publisher.states(gen).values()) == ["pending"] * 7 + ["unknown"] * 5


def test_a_list_that_changed_is_not_sent_as_a_copy(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    gen = two_lists(publisher)
    publisher.connection.execute(
        "update ops.outbox set state = 'unknown', unknown_count = 1, body_sha256 = 'other' where recipient like 'ann%'"
    )
    publisher.connection.commit()
    with pytest.raises(UndeliveredError, match="ann"):
        send(mailer, company, faulty_server.url, gen)
    assert not faulty_server.kept["ann@example.test"]
    assert publisher.states(gen) == {"ann": "unknown", "bob": "sent"}


def test_a_newer_night_replaces_what_had_not_gone_out(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    old = two_lists(publisher)
    new = two_lists(publisher)
    assert set(publisher.states(old).values()) == {"expired"}
    with pytest.raises(NotLiveError, match=f"generation {new} is live"):
        send(mailer, company, faulty_server.url, old)
    assert send(mailer, company, faulty_server.url, new).sent == 2
    assert sum(map(len, faulty_server.kept.values())) == 2


def test_a_list_that_is_too_late_is_not_sent(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    gen = two_lists(publisher)
    with pytest.raises(UndeliveredError, match="too late to be of use: ann, bob"):
        send(mailer, company, faulty_server.url, gen, now=NOW + timedelta(days=3))
    assert not faulty_server.kept


def test_nothing_is_sent_when_nothing_is_live(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    assert publisher.gen == 0
    with pytest.raises(NotLiveError, match="no generation is live"):
        send(mailer, company, faulty_server.url, 1)


def test_a_night_without_lists_sends_no_mail_and_says_how_many_have_none(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    gen = publisher.publish([{"id": "ann"}, {"id": "bob"}, {"id": "gone", "is_active": False}], {})
    report = send(mailer, company, faulty_server.url, gen)
    assert (report.sent, report.without_list) == (0, 2)
    assert report.is_complete


def test_a_list_with_a_foreign_account_stops_every_mail(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    gen = publisher.publish([{"id": "ann"}, {"id": "bob"}], {"ann": ["A1"], "bob": ["B1", "B2"]}, owners={"B2": "ann"})
    with pytest.raises(ForeignRowsError, match="bob"):
        send(mailer, company, faulty_server.url, gen)
    assert not faulty_server.kept
    assert set(publisher.states(gen).values()) == {"pending"}


@pytest.mark.parametrize("seed", [7, 8])
def test_random_ownership_never_shows_anybody_a_foreign_account(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer, seed: int
) -> None:
    draw = random.Random(seed)
    managers = [f"m{number}" for number in range(12)]
    # half of them may be away; whoever stands in is there
    covered_by = {each: draw.choice([None, *managers[6:]]) for each in managers[:6]}
    owner_of: dict[str, str | None] = {f"ACC-{number:04d}": draw.choice([*managers, None]) for number in range(240)}
    lists: dict[str, list[str]] = {}
    for account_id, owner in owner_of.items():
        lists.setdefault(covered_by.get(owner or "") or owner or "desk", []).append(account_id)
    # two managers share a mailbox: each list is still a mail of its own
    entries: list[dict[str, Any]] = [{"id": each, "covered_by": covered_by.get(each)} for each in managers]
    entries[7]["email"] = entries[6]["email"] = "shared@example.test"
    gen = publisher.publish(entries, lists, owners=owner_of)
    assert send(mailer, company, faulty_server.url, gen).sent == len(lists)
    checked = 0
    for mails in faulty_server.kept.values():
        for mail in mails:
            text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
            name = str(mail["To"].addresses[0].display_name)
            manager = "desk" if name == "The Desk" else name.removeprefix("Name of ")
            shown = {account_id for account_id in owner_of if f"({account_id})" in text}
            assert shown == set(lists[manager])
            own = {each for each in managers if (covered_by.get(each) or each) == manager}
            assert {owner_of[each] or "desk" for each in shown} <= (own or {"desk"})
            assert text.count("who is away") == sum(owner_of[each] not in {manager, None} for each in shown)
            checked += len(shown)
    assert checked == 240


def test_a_list_for_who_is_back_stops_every_mail(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    away = {"id": "ann", "covered_by": "bob"}
    gen = publisher.publish([away, {"id": "bob"}], {"bob": ["A1", "B1"]}, owners={"A1": "ann"})
    publisher.connection.execute("update pub.dim_account_managers set covered_by_id = null")
    publisher.connection.commit()
    with pytest.raises(ForeignRowsError, match="bob"):
        send(mailer, company, faulty_server.url, gen)
    publisher.connection.execute("update pub.dim_account_managers set covered_by_id = 'bob' where email like 'ann%'")
    publisher.connection.commit()
    assert send(mailer, company, faulty_server.url, gen).sent == 1
    (mail,) = faulty_server.kept["bob@example.test"]
    assert "for Name of ann, who is away" in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]


@pytest.mark.parametrize("address", ["", "Lists <a@x.test>", "a@x.test, b@x.test"])
def test_a_sender_that_is_not_one_address_is_refused(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer, address: str
) -> None:
    gen = two_lists(publisher)
    with pytest.raises(BadSenderError, match="GUANXI_MAIL_FROM"):
        send(mailer, company, faulty_server.url, gen, mail_from=address)
    assert set(publisher.states(gen).values()) == {"pending"}


def test_a_server_that_refuses_our_login_leaves_every_list_waiting(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    gen = two_lists(publisher)
    with pytest.raises(MailServerRefusedError):
        send(mailer, company, f"smtp://u:p@127.0.0.1:{faulty_server.port}", gen)
    assert set(publisher.states(gen).values()) == {"pending"}


def test_the_mail_servers_password_is_in_no_error_and_no_table(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer,
    warehouse: Warehouse,
) -> None:  # fmt: skip
    gen = two_lists(publisher)
    planted = {"smtp": canary("smtp")}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nowhere = taken.getsockname()[1]
    for port in (faulty_server.port, nowhere):
        with pytest.raises(Problem) as problem:
            send(mailer, company, f"smtp://u:{planted['smtp']}@127.0.0.1:{port}", gen)
        assert found_in_text("".join(traceback.format_exception(problem.value)).encode(), planted) == []
    mailer.rollback()
    assert found_in_database(warehouse.admin_url, planted) == []


def test_the_local_mailbox_takes_a_whole_delivery(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, tmp_path: Any
) -> None:
    gen = two_lists(publisher)
    with local_mailbox(tmp_path) as mailbox:
        assert send(mailer, company, mailbox.url, gen).sent == 2
    assert len(kept_mails(tmp_path)) == 2


def test_every_problem_says_what_to_do_next() -> None:
    kinds = (UndeliveredError, NotLiveError, ForeignRowsError, BadSenderError, MailServerSilentError)
    assert all(issubclass(kind, Problem) for kind in kinds)
