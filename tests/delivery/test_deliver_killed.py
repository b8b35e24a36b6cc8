"""Deliveries that are killed, and what the next one makes of what was left."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

import pytest

from delivery.deliver import MailServerSilentError
from delivery.outbox import Outbox
from delivery.report import DeliveryReport, UndeliveredError
from delivery.smtp import Courier, Outcome
from tests.delivery.conftest import FaultyServer, Publisher, random_faults
from tests.delivery.sending import send, two_lists
from warehouse.company import Company
from warehouse.database import Role, Warehouse


class Killed(BaseException):
    """Stands for kill -9: nothing may catch it."""


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Runs of the delivery, each on a connection of its own, as processes are."""

    warehouse: Warehouse
    company: Company
    url: str
    gen: int

    def run(self) -> DeliveryReport:
        with self.warehouse.connect(Role.MAILER) as connection:
            return send(connection, self.company, self.url, self.gen)

    def run_killed(self, monkeypatch: pytest.MonkeyPatch, where: type, method: str, dies: Callable[..., Any]) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(where, method, dies)
            with pytest.raises(Killed):
                self.run()


@pytest.fixture
def deliveries(publisher: Publisher, warehouse: Warehouse, company: Company, faulty_server: FaultyServer) -> Deliveries:
    return Deliveries(warehouse, company, faulty_server.url, two_lists(publisher))


def dies(*_: Any, **__: Any) -> None:
    raise Killed


@pytest.mark.parametrize("arrived", [False, True])
def test_a_kill_during_a_send_costs_at_most_one_copy(
    publisher: Publisher,
    deliveries: Deliveries,
    faulty_server: FaultyServer,
    monkeypatch: pytest.MonkeyPatch,
    arrived: bool,
) -> None:
    real = Courier.send

    def dies_sending(self: Courier, message: EmailMessage) -> Outcome:
        if arrived:
            real(self, message)
        raise Killed

    deliveries.run_killed(monkeypatch, Courier, "send", dies_sending)
    assert publisher.states(deliveries.gen) == {"ann": "sending", "bob": "pending"}
    assert deliveries.run().sent == 2
    mails = faulty_server.kept["ann@example.test"]
    assert len(mails) == 1 + arrived
    assert "(copy)" in str(mails[-1]["Subject"])
    assert len({mail["Message-ID"] for mail in mails}) == 1


def test_a_kill_before_the_send_is_announced_costs_nothing(
    publisher: Publisher, deliveries: Deliveries, faulty_server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliveries.run_killed(monkeypatch, Outbox, "begin", dies)
    assert publisher.states(deliveries.gen) == {"ann": "pending", "bob": "pending"}
    deliveries.run()
    assert "(copy)" not in str(faulty_server.kept["ann@example.test"][0]["Subject"])


def test_a_kill_after_the_answer_leaves_the_mail_unknown_and_one_copy_follows(
    deliveries: Deliveries, faulty_server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliveries.run_killed(monkeypatch, Outbox, "settle", dies)
    assert deliveries.run().copies_now == 1
    assert len(faulty_server.kept["ann@example.test"]) == 2


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_two_hundred_managers_under_faults_and_kills_lose_nothing_in_silence(
    publisher: Publisher,
    warehouse: Warehouse,
    company: Company,
    faulty_server: FaultyServer,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Any,
    seed: int,
) -> None:
    names = [f"m{number:03d}" for number in range(200)]
    gen = publisher.publish([{"id": name} for name in names], {name: [f"{name}-1"] for name in names})
    faulty_server.policy = random_faults(seed)
    draw = random.Random(seed + 99)
    real = Courier.send

    def deadly(self: Courier, message: EmailMessage) -> Outcome:
        if draw.random() < 0.01:
            raise Killed
        outcome = real(self, message)
        if draw.random() < 0.01:
            raise Killed
        return outcome

    monkeypatch.setattr(Courier, "send", deadly)
    kills = sum(_was_killed(warehouse, company, faulty_server.url, gen) for _ in range(25))
    states = publisher.states(gen)
    copies = {name: len(faulty_server.kept[f"{name}@example.test"]) for name in names}
    silently_lost = [name for name in names if copies[name] == 0 and states[name] != "unknown"]
    falsely_sent = [name for name in names if states[name] == "sent" and copies[name] == 0]
    record_property("extra_copies", sum(max(0, each - 1) for each in copies.values()))
    record_property("unknown", sum(state == "unknown" for state in states.values()))
    record_property("kills", kills)
    assert kills > 0
    assert set(states.values()) <= {"sent", "unknown"}
    assert max(copies.values()) <= 2
    assert silently_lost == []
    assert falsely_sent == []
    for mails in faulty_server.kept.values():
        assert len({mail["Message-ID"] for mail in mails}) <= 1
        assert all("(copy)" in str(mail["Subject"]) for mail in mails[1:])


def _was_killed(warehouse: Warehouse, company: Company, url: str, gen: int) -> bool:
    with warehouse.connect(Role.MAILER) as connection:
        try:
            send(connection, company, url, gen)
        except Killed:
            return True
        except (MailServerSilentError, UndeliveredError):
            return False
    return False
