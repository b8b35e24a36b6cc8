"""The DAG itself, run in one process without a scheduler."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dags.conftest import ROOT, StandIn
from warehouse.plan import STAGES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180), pytest.mark.xdist_group("airflow")]


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A state folder outside pytest's own, which every other pytest of the same user closes again."""
    made = Path(tempfile.mkdtemp(prefix="guanxi-once-"))
    made.chmod(0o755)  # the server may have to run as another user
    yield made
    shutil.rmtree(made, ignore_errors=True)


# The same program, but for the waits between the tries.
IMPATIENT = """\
import dataclasses, runpy
from warehouse import plan
plan.STAGES = tuple(dataclasses.replace(stage, retry_seconds=0) for stage in plan.STAGES)
runpy.run_module("dags.dag_support.once", run_name="__main__", alter_sys=True)
"""


def _once(home: Path, stand_in: StandIn, *arguments: str, is_patient: bool = True) -> subprocess.CompletedProcess[str]:
    progress = home / "progress.log"
    progress.write_text("")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")} | {
        "GUANXI_HOME": str(home),
        "GUANXI_COMMAND": stand_in.command,
        "GUANXI_COMPANY": str(ROOT / "examples" / "simulated"),
        "GUANXI_PROGRESS_FILE": str(progress),
    }
    program = ["-m", "dags.dag_support.once"] if is_patient else ["-c", IMPATIENT]
    command = [sys.executable, *program, "--log-file", str(home / "airflow.log"), *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=150, check=False)


def told_at_the_end(run_id: str) -> list[list[str]]:
    """Return how the end of a night is told, whatever it came to."""
    return [["report", "--run-id", run_id], ["alerts", "check", "--run-id", run_id]]


def test_a_night_runs_every_stage_in_order_under_its_name(home: Path, stand_in: StandIn) -> None:
    done = _once(home, stand_in, "--run-id", "by-hand", "--as-of", "2026-01-31")
    assert done.returncode == 0, done.stderr + (home / "airflow.log").read_text()[-3000:]
    calls = stand_in.calls()
    assert calls[0] == ["open", "--run-id", "by-hand", "--as-of", "2026-01-31", "--json"]
    assert sorted(words[-1] for words in calls[1:3]) == ["crm", "erp"]
    assert [words[: len(stage.words)] for words, stage in zip(calls[3:-2], STAGES[1:], strict=True)] == [
        list(stage.words) for stage in STAGES[1:]
    ]
    assert all(words[words.index("--fence") + 1] == "f-2" for words in calls[1:-2])
    assert calls[-2:] == told_at_the_end("by-hand")
    told = (home / "progress.log").read_text()
    assert "transform: transform at work" in told


def test_a_closed_gate_ends_the_night_and_nothing_after_it_runs(home: Path, stand_in: StandIn) -> None:
    stand_in.script(check_raw={"status": 3})
    done = _once(home, stand_in, "--run-id", "held", "--as-of", "2026-01-31")
    assert done.returncode == 1
    assert "check_raw" in done.stderr
    assert stand_in.calls()[-2:] == told_at_the_end("held"), (
        "the operators are told, and the night is no success for that"
    )
    assert [words[:2] for words in stand_in.calls()][-3] == ["check", "raw"], "tried once, and no stage came after"
    assert sum(words[:2] == ["check", "raw"] for words in stand_in.calls()) == 1


def test_a_stage_that_fails_once_is_tried_again_and_a_page_that_fails_for_good_fails_no_night(
    home: Path, stand_in: StandIn
) -> None:
    stand_in.script(transform={"status": 1, "once": True}, report={"status": 1})
    done = _once(home, stand_in, "--run-id", "again", "--as-of", "2026-01-31", is_patient=False)
    assert done.returncode == 0, done.stderr
    calls = [words[0] for words in stand_in.calls()]
    assert calls.count("transform") == 2
    assert calls[calls.index("deliver") + 1 :] == ["report", "alerts"] * 2, "told although there is no page"


def test_an_extract_learns_from_its_number_that_no_other_try_follows(home: Path, stand_in: StandIn) -> None:
    stand_in.script(extract={"status": 1})
    done = _once(home, stand_in, "--run-id", "undelivered", "--as-of", "2026-01-31", is_patient=False)
    assert done.returncode == 1
    tries = [words for words in stand_in.calls() if words[0] == "extract" and words[-1] == "erp"]
    assert ["--last-try" in words for words in tries] == [False, False, False, True]
