"""How a task runs a stage: what it passes on, and how it ends it."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from tests.dags.conftest import StandIn
from warehouse.plan import GATE_CLOSED_STATUS, NO_RETRY_STATUS, STAGES

NIGHT = {"run_id": "n", "gen": 7, "attempt": 2, "fence": "f-2", "as_of": "2026-01-31", "company": None}


def _context(
    params: dict[str, Any], *, run_id: str = "manual__x", try_number: int = 1
) -> tuple[dict[str, Any], dict[str, Any]]:
    pushed: dict[str, Any] = {}
    instance = SimpleNamespace(
        xcom_push=lambda key, value: pushed.update({key: value}), try_number=try_number, max_tries=3
    )
    run = SimpleNamespace(run_id=run_id, data_interval_end=None, run_after=datetime(2026, 2, 1, 4, tzinfo=UTC))
    return {"dag_run": run, "params": params, "task_instance": instance}, pushed


def _execute(operator: Any, context: dict[str, Any]) -> Any:
    from airflow.sdk.bases.operator import ExecutorSafeguard

    token = ExecutorSafeguard.tracker.set(operator)
    try:
        return operator.execute(context)
    finally:
        ExecutorSafeguard.tracker.reset(token)


def test_opening_passes_the_day_on_and_returns_the_sources(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    from dags.dag_support.stage import OpenNightOperator

    monkeypatch.setenv("GUANXI_TIMEZONE", "Europe/Berlin")
    context, pushed = _context({"as_of": None, "company": "examples/x", "run_id": None})
    sources = _execute(OpenNightOperator(task_id="open_night"), context)
    assert sources == ["crm", "erp"]
    assert pushed["night"] == NIGHT | {"run_id": "manual__x", "company": "examples/x"}
    assert stand_in.calls() == [
        ["open", "--run-id", "manual__x", "--as-of", "2026-01-31", "--company", "examples/x", "--json"]
    ]


def test_a_stage_gets_the_night_and_its_fence(stand_in: StandIn) -> None:
    from dags.dag_support.stage import StageOperator

    operator = StageOperator(
        task_id="extract", stage="extract", night=NIGHT | {"company": "examples/odoo"}, source="odoo"
    )
    _execute(operator, _context({})[0])
    [words] = stand_in.calls()
    assert words == [
        *(
            "extract",
            "--run-id",
            "n",
            "--attempt",
            "2",
            "--fence",
            "f-2",
            "--source",
            "odoo",
            "--company",
            "examples/odoo",
        )
    ]


@pytest.mark.parametrize(("try_number", "is_told"), [(1, False), (3, False), (4, True)])
def test_the_last_try_of_an_extract_is_told_so(stand_in: StandIn, try_number: int, is_told: bool) -> None:
    from dags.dag_support.stage import StageOperator

    context = _context({}, try_number=try_number)[0]
    _execute(StageOperator(task_id="extract", stage="extract", night=NIGHT, source="erp"), context)
    _execute(StageOperator(task_id="publish", stage="publish", night=NIGHT), context)
    extract, publish = stand_in.calls()
    assert ("--last-try" in extract) is is_told
    assert "--last-try" not in publish


def test_a_stage_sees_no_setting_of_airflow(stand_in: StandIn) -> None:
    from dags.dag_support.stage import StageOperator

    _execute(StageOperator(task_id="publish", stage="publish", night=NIGHT), _context({})[0])
    assert stand_in.notes()[0]["secrets"] == []


@pytest.mark.parametrize("status", [GATE_CLOSED_STATUS, NO_RETRY_STATUS])
def test_what_a_further_try_would_meet_again_is_not_tried_again(stand_in: StandIn, status: int) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    from dags.dag_support.stage import StageOperator

    stand_in.script(check_raw={"status": status, "words": "two promises are broken"})
    with pytest.raises(AirflowFailException, match="two promises are broken"):
        _execute(StageOperator(task_id="check_raw", stage="check_raw", night=NIGHT), _context({})[0])


def test_another_failure_may_be_tried_again_and_says_the_last_words(stand_in: StandIn) -> None:
    from airflow.sdk.exceptions import AirflowException, AirflowFailException

    from dags.dag_support.stage import StageOperator

    stand_in.script(transform={"status": 1, "words": "the server closed the connection"})
    with pytest.raises(AirflowException, match="closed the connection") as caught:
        _execute(StageOperator(task_id="transform", stage="transform", night=NIGHT), _context({})[0])
    assert not isinstance(caught.value, AirflowFailException)


def test_killing_the_task_interrupts_the_stage(stand_in: StandIn) -> None:
    from airflow.sdk.exceptions import AirflowException

    from dags.dag_support.stage import StageOperator

    stand_in.script(transform={"seconds": 60})
    operator = StageOperator(task_id="transform", stage="transform", night=NIGHT)

    def kill_when_at_work() -> None:
        for _ in range(200):
            if stand_in.calls():
                time.sleep(0.3)
                operator.on_kill()
                return
            time.sleep(0.05)

    killer = threading.Thread(target=kill_when_at_work)
    killer.start()
    with pytest.raises(AirflowException, match="status 130"):
        _execute(operator, _context({})[0])
    killer.join()
    assert stand_in.notes()[-1] == {"interrupted": "transform"}


@pytest.mark.usefixtures("stand_in")
def test_the_progress_file_gets_the_lines_but_not_the_fence(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    from dags.dag_support.stage import OpenNightOperator, StageOperator

    progress = tmp_path / "progress.log"
    monkeypatch.setenv("GUANXI_PROGRESS_FILE", str(progress))
    _execute(OpenNightOperator(task_id="open_night"), _context({"as_of": "2026-01-31"})[0])
    _execute(StageOperator(task_id="extract", stage="extract", night=NIGHT, source="crm"), _context({})[0])
    assert progress.read_text().splitlines() == ["open_night: open at work", "extract crm: extract at work"]


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_source_is_asked_for_exactly_where_it_belongs(stage: Any) -> None:
    wrong = None if stage.per_source else "erp"
    with pytest.raises(ValueError, match="a source must be given exactly when"):
        stage.arguments(run_id="n", attempt=1, fence="f", source=wrong)
