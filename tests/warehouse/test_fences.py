"""Who may write: takeovers, races and processes that were killed."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from tests.warehouse import nights
from tests.warehouse.nights import DAY, Hand, open_night
from warehouse import ledger
from warehouse.database import Role, Warehouse
from warehouse.ledger import NightRunningError, OlderNightError, RejectedRunError
from warehouse.night import Claim, FencedError, Night

ROUNDS = 100


@pytest.fixture
def written(hand: Hand) -> str:
    """A table that the loader may write to."""
    with hand.admin.transaction():
        hand.admin.execute("create table quarantine.race (number integer)")
        hand.admin.execute("grant select, insert on quarantine.race to guanxi_loader")
    return "quarantine.race"


def _count(connection: psycopg.Connection, table: str) -> int:
    with connection.transaction():
        return int(nights.one(connection.execute(f"select count(*) from {table}".encode()).fetchone())[0])


def _write_until_fenced(claim: Claim, connection: psycopg.Connection, chance: random.Random) -> None:
    try:
        for number in range(6):
            with connection.transaction():
                claim.assert_held(connection)
                time.sleep(chance.random() * 0.003)
                connection.execute("insert into quarantine.race values (%s)", (number,))
    except FencedError:
        return


@pytest.mark.parametrize("takeover", ["a further attempt", "another night", "another process"])
def test_nothing_of_an_old_attempt_lands_after_its_takeover(
    core: Warehouse, hand: Hand, written: str, takeover: str
) -> None:
    chance = random.Random(7)
    before_takeover, after_takeover = 0, 0
    with core.connect(Role.LOADER) as loader:
        for number in range(ROUNDS):
            night = hand.open(f"run-{number}", as_of=DAY)
            claim = hand.claim(night, "extract")
            written_before = _count(hand.admin, written)
            writer = threading.Thread(target=_write_until_fenced, args=(claim, loader, random.Random(number)))
            writer.start()
            time.sleep(chance.random() * 0.012)
            if takeover == "another process":
                hand.claim(night, "extract")
            else:
                hand.open(f"run-{number}" if takeover == "a further attempt" else f"other-{number}", as_of=DAY)
            at_takeover = _count(hand.admin, written)
            writer.join()
            before_takeover += at_takeover - written_before
            after_takeover += _count(hand.admin, written) - at_takeover
    assert after_takeover == 0
    assert before_takeover > 0, "no round let the old attempt write at all: the race was not run"


def test_a_claim_made_beside_a_takeover_is_never_held_after_it(core: Warehouse, hand: Hand) -> None:
    chance = random.Random(11)
    won: list[Claim] = []

    def claim_late(night: Night, connection: psycopg.Connection, pause: float) -> None:
        time.sleep(pause)
        try:
            won.append(hand.claim(night, "extract", connection))
        except psycopg.errors.SerializationFailure:
            return

    wrongly_held, claimed = 0, 0
    with core.connect(Role.LOADER) as loader, core.connect(Role.LOADER) as late:
        night = hand.open("night")
        for _ in range(ROUNDS):
            won.clear()
            thread = threading.Thread(target=claim_late, args=(night, late, chance.random() * 0.004))
            thread.start()
            time.sleep(chance.random() * 0.002)
            night = hand.open("night")
            thread.join()
            claimed += len(won)
            wrongly_held += sum(nights.held(claim, loader) for claim in won)
    assert wrongly_held == 0
    assert 0 < claimed < ROUNDS, "every claim came on the same side of the takeover: the race was not run"


def test_a_claim_that_waits_for_a_takeover_is_refused(core: Warehouse, hand: Hand) -> None:
    night = hand.open("night")
    refused: list[BaseException] = []

    def claim(connection: psycopg.Connection) -> None:
        try:
            hand.claim(night, "extract", connection)
        except psycopg.Error as error:
            refused.append(error)

    with core.connect(Role.PUBLISHER) as opening, core.connect(Role.LOADER) as late:
        opening.execute("select ops.open_run('night', %s, 'UTC')", (DAY,))
        thread = threading.Thread(target=claim, args=(late,))
        thread.start()
        _wait_for_a_blocked_backend(hand)
        opening.commit()
        thread.join()
    assert [type(error) for error in refused] == [psycopg.errors.SerializationFailure]


def _wait_for_a_blocked_backend(hand: Hand) -> None:
    for _ in range(400):
        with hand.admin.transaction():
            if hand.admin.execute(
                "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
            ).fetchone():
                return
        time.sleep(0.02)
    pytest.fail("nobody waits for a lock")


def test_a_takeover_waits_for_a_transform_that_begins_and_neither_deadlocks(core: Warehouse, hand: Hand) -> None:
    night = hand.open("night")
    claim = hand.claim(night, "transform", hand.transformer)
    opened: list[tuple[object, ...] | None] = []

    def take_over(connection: psycopg.Connection) -> None:
        opened.append(connection.execute("select * from ops.open_run('night', %s, 'UTC')", (DAY,)).fetchone())
        connection.commit()

    with core.connect(Role.PUBLISHER) as other:
        with hand.transformer.transaction():
            claim.assert_held(hand.transformer)
            thread = threading.Thread(target=take_over, args=(other,))
            thread.start()
            _wait_for_a_blocked_backend(hand)
            hand.transformer.execute("select ops.begin_build(%s, %s, 'build_1_1')", (night.gen, claim.token))
            assert opened == []
        thread.join()
    assert nights.one(opened[0])[1] == 2
    assert not nights.held(claim, hand.transformer)


def test_a_second_process_of_the_same_stage_fences_the_first(core: Warehouse, tmp_path: Path) -> None:
    night = open_night(core, tmp_path)
    with (
        core.connect(Role.LOADER) as loader,
        ledger.stage(core, night, "extract", "shop") as first,
        ledger.stage(core, night, "extract", "crm") as beside,
    ):
        assert nights.held(first, loader)
        with ledger.stage(core, night, "extract", "shop") as second:
            assert second.number == first.number + 1
            assert nights.held(second, loader)
            assert not nights.held(first, loader)
        assert nights.held(beside, loader), "another source of the same stage is not concerned"


def test_a_writing_transaction_holds_off_its_successor_until_it_ends(core: Warehouse, hand: Hand, written: str) -> None:
    night = hand.open("night")
    claim = hand.claim(night, "extract")
    seen: list[int] = []

    def succeed(connection: psycopg.Connection) -> None:
        successor = hand.claim(night, "extract", connection)
        with connection.transaction():
            successor.assert_held(connection)
            seen.append(nights.one(connection.execute(f"select count(*) from {written}".encode()).fetchone())[0])

    with core.connect(Role.LOADER) as loader, core.connect(Role.LOADER) as other:
        with loader.transaction():
            claim.assert_held(loader)
            thread = threading.Thread(target=succeed, args=(other,))
            thread.start()
            _wait_for_a_blocked_backend(hand)
            loader.execute("insert into quarantine.race values (1)")
            assert seen == []
        thread.join()
    assert seen == [1]


def test_opening_another_run_ends_an_unfinished_one(core: Warehouse, hand: Hand, tmp_path: Path) -> None:
    left = open_night(core, tmp_path, run_id="left")
    with ledger.stage(core, left, "extract") as claim:
        pass
    other = open_night(core, tmp_path, run_id="other")
    assert hand.state(left) == "rejected"
    assert hand.state(other) == "building"
    assert not nights.held(claim, hand.checker)
    with pytest.raises(RejectedRunError) as refused, ledger.stage(core, left, "extract"):
        pass
    assert "a later night began" in refused.value.seen
    assert "guanxi open --run-id left" in refused.value.next_step
    again = open_night(core, tmp_path, run_id="left")
    assert (again.gen, again.attempt) == (left.gen, 2)
    assert hand.state(other) == "rejected"


_WORK = """
import sys, time
from datetime import date
from pathlib import Path
from warehouse import ledger
from warehouse.database import Warehouse
warehouse = Warehouse(sys.argv[1], sys.argv[2])
night = ledger.find_night(warehouse, run_id=sys.argv[3], fence=None, company_id="tiny", runs_folder=Path(sys.argv[4]))
with ledger.stage(warehouse, night, "extract", "shop"):
    print("at work", flush=True)
    time.sleep(600)
"""


# The second name is longer than PostgreSQL lets an application name be, and not ASCII.
@pytest.mark.parametrize("run_id", ["night-1", "scheduled__" + "夜" * 60 + "_%"], ids=["short", "long"])
def test_a_night_at_work_keeps_others_out_until_its_process_is_killed(
    core: Warehouse, hand: Hand, tmp_path: Path, run_id: str
) -> None:
    night = open_night(core, tmp_path, run_id=run_id)
    arguments = [sys.executable, "-c", _WORK, core.admin_url, core.role_secret, run_id, str(tmp_path)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "at work\n"
            with pytest.raises(NightRunningError) as refused:
                open_night(core, tmp_path, run_id="night-2")
            assert run_id in refused.value.seen
            assert hand.state(night) == "building", "a refused night ends nobody else's"
            assert open_night(core, tmp_path, run_id=run_id).attempt == 2, "a further attempt may always take over"
            with pytest.raises(NightRunningError):
                open_night(core, tmp_path, run_id="night-2")
        finally:
            process.kill()
    for _ in range(200):
        try:
            other = open_night(core, tmp_path, run_id="night-2")
            break
        except NightRunningError:
            time.sleep(0.05)
    else:
        pytest.fail("the killed process still counts as at work")
    assert hand.state(other) == "building"


def test_a_day_before_the_live_one_cannot_be_opened(core: Warehouse, hand: Hand, tmp_path: Path) -> None:
    hand.whole("live", mark=1, as_of=DAY)
    with pytest.raises(OlderNightError) as refused:
        open_night(core, tmp_path, run_id="older", as_of=DAY - timedelta(days=1))
    assert "generation 1 answers for 2026-03-31" in refused.value.seen
    with pytest.raises(psycopg.DatabaseError) as raised:  # the database says the same when nobody asked before
        hand.open("older", as_of=DAY - timedelta(days=1))
    assert raised.value.sqlstate == "GX001"
    hand.publisher.rollback()
    assert open_night(core, tmp_path, run_id="same day", as_of=DAY).gen == 2
