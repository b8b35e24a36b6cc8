"""What readers see while nights are published, refused and rolled back under them."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from tests.warehouse import nights
from tests.warehouse.nights import Hand
from warehouse.database import Role, Warehouse
from warehouse.errors import Problem
from warehouse.night import Night

SECONDS = 6.0
POISON = -1  # the mark of what must never be seen

_JOIN = (
    "select count(*), count(*) filter (where x.mark <> y.mark), min(x.mark), max(x.mark), min(v.gen), max(v.gen)"
    " from bi.{} x join bi.{} y using (account_id) cross join bi.data_version v"
)
ACCOUNTS_FIRST = _JOIN.format("dim_accounts", "fct_account_rfm")
VALUES_FIRST = _JOIN.format("fct_account_rfm", "dim_accounts")
AGGREGATES = (
    "select (select count(*) from bi.dim_accounts),"
    " cast((select sum(mark) from bi.dim_accounts) <> (select sum(mark) from bi.fct_account_rfm) as integer),"
    " (select min(mark) from bi.fct_account_rfm), (select max(mark) from bi.dim_accounts),"
    " (select gen from bi.data_version), (select gen from bi.data_version)"
)


@dataclass(slots=True)
class Seen:
    """What one reader met."""

    reads: int = 0
    torn: int = 0
    empty: int = 0
    short: int = 0
    poisoned: int = 0
    unfaithful: int = 0
    errors: list[str] = field(default_factory=list)

    def note(self, row: tuple[Any, ...] | None) -> None:
        if row is None:
            raise RuntimeError("an aggregate always returns a row")
        count, torn, low, high, first_gen, last_gen = row
        self.reads += 1
        self.empty += count == 0
        self.short += 0 < count < nights.ROWS
        self.torn += bool(torn) or low != high or first_gen != last_gen
        self.poisoned += POISON in (low, high)
        self.unfaithful += low != first_gen  # a row's mark is its generation, in this test


class Readers:
    """Eight readers of six kinds, each with a connection of its own."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.over = threading.Event()
        self.seen: list[Seen] = []
        self.threads: list[threading.Thread] = []

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        kinds: list[Callable[[psycopg.Connection, Seen], None]] = [
            lambda connection, seen: self._each(connection, seen, ACCOUNTS_FIRST),
            lambda connection, seen: self._each(connection, seen, VALUES_FIRST),
            lambda connection, seen: self._each(connection, seen, ACCOUNTS_FIRST),
            lambda connection, seen: self._each(connection, seen, VALUES_FIRST),
            lambda connection, seen: self._each(connection, seen, AGGREGATES),
            lambda connection, seen: self._each(connection, seen, AGGREGATES),
            lambda connection, seen: self._each(connection, seen, VALUES_FIRST, prepare=True),
            self._repeatable_read,
        ]
        for kind in kinds:
            seen = Seen()
            self.seen.append(seen)
            self.threads.append(threading.Thread(target=self._run, args=(kind, seen)))
        for thread in self.threads:
            thread.start()
        try:
            yield
        finally:
            self.over.set()
            for thread in self.threads:
                thread.join()

    def _run(self, kind: Callable[[psycopg.Connection, Seen], None], seen: Seen) -> None:
        try:
            with self.warehouse.connect(Role.READER) as connection:
                kind(connection, seen)
        except (psycopg.Error, Problem) as error:
            seen.errors.append(f"{type(error).__name__}: {error}")

    def _each(self, connection: psycopg.Connection, seen: Seen, query: str, *, prepare: bool = False) -> None:
        connection.autocommit = True
        while not self.over.is_set():
            seen.note(connection.execute(query.encode(), prepare=prepare).fetchone())
            self.over.wait(0.001)  # eight readers without a breath would leave the two cores no publications

    def _repeatable_read(self, connection: psycopg.Connection, seen: Seen) -> None:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        while not self.over.is_set():
            with connection.transaction():
                first = connection.execute(ACCOUNTS_FIRST.encode()).fetchone()
                self.over.wait(0.3)  # several publications later
                for query in (VALUES_FIRST, AGGREGATES):
                    again = connection.execute(query.encode()).fetchone()
                    seen.note(again)
                    seen.torn += again != first

    def total(self, what: str) -> int:
        return sum(getattr(seen, what) for seen in self.seen)


def _refused_unaudited(hand: Hand, night: Night) -> None:
    hand.build(night, mark=POISON)
    hand.publish(night)


def _refused_fenced(hand: Hand, night: Night) -> None:
    hand.build(night, mark=POISON)
    hand.audit(night)
    hand.publish(night, other_fence=True)


def _refused_undeclared(hand: Hand, night: Night) -> None:
    hand.build(night, mark=POISON, also="alter table dim_accounts add column surprise text")
    hand.audit(night)


def _refused_changed(hand: Hand, night: Night) -> None:
    schema = hand.build(night, mark=POISON)
    hand.audit(night)
    with hand.transformer.transaction():
        hand.transformer.execute(f"update {schema}.fct_account_rfm set mark = mark - 1".encode())
    hand.publish(night)


REFUSALS = (_refused_unaudited, _refused_fenced, _refused_undeclared, _refused_changed)


@pytest.mark.slow
def test_eight_readers_never_see_a_torn_an_empty_or_an_unaudited_night(
    core: Warehouse, hand: Hand, record_testsuite_property: Callable[[str, object], None]
) -> None:
    hand.whole("n0", mark=1)
    readers = Readers(core)
    published, refused, rolled_back = 0, 0, 0
    with readers.reading():
        deadline = time.monotonic() + SECONDS
        for number in itertools.count(1):
            night = hand.open(f"n{number}", as_of=nights.DAY + timedelta(days=number))
            if number % 3 == 0:
                with pytest.raises(Problem):
                    REFUSALS[refused % len(REFUSALS)](hand, night)
                refused += 1
            else:
                hand.build(night, mark=night.gen)
                hand.audit(night)
                hand.publish(night, keep=2)
                published += 1
            if number % 7 == 0:
                hand.roll_back(min(hand.published_rows()))
                rolled_back += 1
            if time.monotonic() > deadline and published >= 10 and refused >= len(REFUSALS):
                break
    for name in ("reads", "torn", "empty", "short"):
        record_testsuite_property(name, readers.total(name))
    record_testsuite_property("publications", published)
    record_testsuite_property("refusals", refused)
    assert [error for seen in readers.seen for error in seen.errors] == []
    assert {name: readers.total(name) for name in ("torn", "empty", "short", "poisoned", "unfaithful")} == {
        "torn": 0, "empty": 0, "short": 0, "poisoned": 0, "unfaithful": 0,
    }  # fmt: skip
    assert all(seen.reads > 0 for seen in readers.seen)
    assert rolled_back >= 1


def test_a_long_transaction_keeps_its_night_though_the_generation_is_forgotten_meanwhile(
    core: Warehouse, hand: Hand
) -> None:
    first = hand.whole("n0", mark=1)
    with core.connect(Role.READER) as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        reader.execute("select 1 from bi.data_version")  # takes the snapshot; no mart has been read yet
        for number in (1, 2, 3):
            hand.whole(f"n{number}", mark=number + 1, as_of=nights.DAY + timedelta(days=number), keep=2)
        assert first.gen not in hand.published_rows()
        rows = reader.execute("select count(*), min(mark), max(mark) from bi.fct_account_rfm").fetchone()
        assert rows == (nights.ROWS, 1, 1)
    assert hand.live()[:2] == (4, [4])
