"""What the ledger notes of stages and how it finds nights."""

from __future__ import annotations

import dataclasses
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.warehouse.nights import DAY, Hand, one, open_night
from warehouse import ledger
from warehouse.database import Warehouse
from warehouse.errors import GateClosedError, Problem
from warehouse.ledger import RejectedRunError, UnknownRunError, find_night, live_generation
from warehouse.night import FencedError


class _HeldError(GateClosedError):
    """A gate of this test."""


def _noted(hand: Hand) -> list[tuple[Any, ...]]:
    with hand.admin.transaction():
        return hand.admin.execute(
            "select stage, part, number, attempt, state, note from ops.stage_runs order by started_at, number"
        ).fetchall()


def test_a_stage_that_ends_well_is_noted_with_its_seconds_and_its_peak(
    core: Warehouse, hand: Hand, tmp_path: Path
) -> None:
    night = open_night(core, tmp_path)
    with ledger.stage(core, night, "extract", "shop"):
        assert _noted(hand) == [("extract", "shop", 1, 1, "running", None)]
    assert _noted(hand) == [("extract", "shop", 1, 1, "done", None)]
    with hand.admin.transaction():
        row = hand.admin.execute(
            "select seconds between 0 and 60, peak_mb between 10 and 100000, finished_at >= started_at"
            " from ops.stage_runs"
        ).fetchone()
    assert row == (True, True, True)


def test_a_failure_is_noted_in_the_words_of_its_problem(core: Warehouse, hand: Hand, tmp_path: Path) -> None:
    night = open_night(core, tmp_path)
    problem = Problem("the file", seen="none", expected="one", next_step="put it there")
    with pytest.raises(Problem), ledger.stage(core, night, "extract"):
        raise problem
    assert _noted(hand) == [("extract", "", 1, 1, "failed", str(problem))]
    assert hand.state(night) == "building", "a failure that may pass can be tried again"


@pytest.mark.parametrize("error", [ValueError("secret-canary"), KeyboardInterrupt(), SystemExit(3)])
def test_a_foreign_error_is_noted_by_its_kind_alone(
    core: Warehouse, hand: Hand, tmp_path: Path, error: BaseException
) -> None:
    night = open_night(core, tmp_path)
    with pytest.raises(type(error)), ledger.stage(core, night, "extract"):
        raise error
    assert _noted(hand) == [("extract", "", 1, 1, "failed", type(error).__name__)]


def test_a_closed_gate_rejects_the_run_until_a_further_attempt(core: Warehouse, hand: Hand, tmp_path: Path) -> None:
    night = open_night(core, tmp_path)
    with pytest.raises(_HeldError), ledger.stage(core, night, "check_raw"):
        raise _HeldError("check raw", seen="3 broken", expected="0", next_step="mend the source")
    assert hand.state(night) == "rejected"
    with pytest.raises(RejectedRunError) as refused, ledger.stage(core, night, "transform"):
        pass
    assert "check raw" in refused.value.seen
    again = open_night(core, tmp_path)
    assert again.attempt == 2
    with ledger.stage(core, again, "transform"):
        pass
    assert hand.state(again) == "building"


def test_a_closed_gate_of_an_old_attempt_does_not_reject_the_new_one(
    core: Warehouse, hand: Hand, tmp_path: Path
) -> None:
    night = open_night(core, tmp_path)
    with pytest.raises(_HeldError), ledger.stage(core, night, "check_raw"):  # noqa: PT012
        open_night(core, tmp_path)
        raise _HeldError("check raw", seen="3 broken", expected="0", next_step="mend the source")
    assert hand.state(night) == "building"


def test_a_closed_gate_does_not_take_the_live_night_from_readers(core: Warehouse, hand: Hand, tmp_path: Path) -> None:
    hand.whole("live", mark=1)
    night = open_night(core, tmp_path, run_id="next", as_of=DAY + timedelta(days=1))
    with pytest.raises(_HeldError), ledger.stage(core, night, "check_raw"):
        raise _HeldError("check raw", seen="3 broken", expected="0", next_step="mend the source")
    assert hand.live()[1] == [1]


def test_the_error_of_a_stage_is_told_even_when_the_server_went_with_it(
    core: Warehouse, hand: Hand, tmp_path: Path
) -> None:
    night = open_night(core, tmp_path)
    with pytest.raises(_HeldError), ledger.stage(core, night, "check_raw"):  # noqa: PT012
        with hand.admin.transaction():
            hand.admin.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and usename = 'guanxi_checker'"
            )
        raise _HeldError("check raw", seen="3 broken", expected="0", next_step="mend the source")


def test_a_stage_of_a_superseded_attempt_is_fenced_at_its_claim(core: Warehouse, hand: Hand, tmp_path: Path) -> None:
    old = open_night(core, tmp_path)
    open_night(core, tmp_path)
    with pytest.raises(FencedError), ledger.stage(core, old, "extract"):
        pytest.fail("it must not begin")
    assert _noted(hand) == []


def test_numbers_of_a_stage_go_on_over_attempts(core: Warehouse, hand: Hand, tmp_path: Path) -> None:
    numbers = []
    for _ in range(2):
        night = open_night(core, tmp_path)
        for _ in range(2):
            with ledger.stage(core, night, "transform") as claim:
                numbers.append(claim.number)
    assert numbers == [1, 2, 3, 4], "each number names a build schema: none may come twice"
    assert [row[3] for row in _noted(hand)] == [1, 1, 2, 2]


def test_a_night_is_found_by_its_name_or_as_the_one_at_work(core: Warehouse, hand: Hand, tmp_path: Path) -> None:
    def find(run_id: str | None, fence: str | None = None) -> Any:
        return find_night(core, run_id=run_id, fence=fence, company_id="tiny", runs_folder=tmp_path)

    with pytest.raises(UnknownRunError, match="the newest run"):
        find(None)
    first = hand.whole("first", mark=1)
    second = hand.whole("second", mark=2, as_of=DAY + timedelta(days=1))
    assert find(None).gen == second.gen
    hand.roll_back(first.gen)
    again = open_night(core, tmp_path, run_id="first")
    assert find(None).gen == first.gen, "the run at work, though a newer generation is there"
    assert dataclasses.replace(find("first", again.fence), timezone=again.timezone) == again
    with pytest.raises(UnknownRunError, match="run third"):
        find("third")
    with pytest.raises(FencedError):
        find("first", str(uuid.uuid4()))


def test_a_night_knows_its_build_schema_only_within_its_attempt(core: Warehouse, hand: Hand, tmp_path: Path) -> None:
    night = open_night(core, tmp_path)
    schema = hand.build(night, mark=1)
    found = find_night(core, run_id="night-1", fence=night.fence, company_id="tiny", runs_folder=tmp_path)
    assert found.build_schema == schema
    assert open_night(core, tmp_path).build_schema is None
    found = find_night(core, run_id="night-1", fence=None, company_id="tiny", runs_folder=tmp_path)
    assert found.build_schema is None


@pytest.mark.parametrize("run_id", ["..", "../../etc", "a/b", "夜 1", "."])
def test_every_attempt_has_a_folder_of_its_own_inside_the_runs(core: Warehouse, tmp_path: Path, run_id: str) -> None:
    runs = tmp_path / "runs"
    folders = {open_night(core, runs, run_id=run_id).folder for _ in range(2)}
    assert len(folders) == 2
    for folder in folders:
        assert folder.is_dir()
        assert folder.resolve().parent.parent == runs.resolve()


def test_the_live_generation_is_none_before_the_first_night(hand: Hand) -> None:
    assert live_generation(hand.publisher) is None
    hand.publisher.commit()
    night = hand.whole("night", mark=1)
    live = live_generation(hand.publisher)
    assert live is not None
    assert (live.gen, live.run_id, live.as_of) == (night.gen, "night", DAY)
    row = hand.publisher.execute("select build_schema from ops.runs").fetchone()
    assert live.build_schema == one(row)[0]
