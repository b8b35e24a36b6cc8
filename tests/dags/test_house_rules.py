"""What every DAG owes its operators."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from tests.dags.conftest import DAGS, ROOT
from warehouse.plan import STAGES

FILES = sorted(path.stem for path in DAGS.glob("*.py") if path.stem != "__init__")
LIGHT = {"__future__", "datetime", "airflow", "dags", "warehouse", "json", "os", "logging", "pathlib", "typing"}


def test_every_file_is_one_dag_and_imports_without_errors(bag: Any) -> None:
    assert FILES
    assert bag.import_errors == {}
    assert sorted(bag.dags) == FILES


@pytest.mark.parametrize("dag_id", FILES)
def test_house_rules(bag: Any, dag_id: str) -> None:
    dag = bag.dags[dag_id]
    assert Path(dag.fileloc).stem == dag_id, "one DAG a file, named as the file"
    assert dag.doc_md, "say what it does"
    assert "afe to run again" in dag.doc_md, "say whether a re-run is safe"
    runbooks = re.findall(r"docs/runbooks/\w+\.md", dag.doc_md)
    assert runbooks, "say what to do when it fails"
    assert all((ROOT / each).exists() for each in runbooks)
    assert sum(tag.startswith("domain:") for tag in dag.tags) == 1
    assert sum(tag.startswith("tier:") for tag in dag.tags) == 1, "say how bad a failure is"
    assert dag.catchup is False
    assert dag.max_active_runs == 1
    assert dag.start_date is not None
    assert dag.tasks
    for task in dag.tasks:
        assert task.retries, task.task_id
        assert task.execution_timeout, task.task_id
        assert re.fullmatch(r"[A-Z][a-z]+( \S+)+", task.task_display_name), "a task is called by a sentence"


@pytest.mark.parametrize("dag_id", FILES)
def test_a_dag_file_is_short_and_imports_nothing_heavy(dag_id: str) -> None:
    text = (DAGS / f"{dag_id}.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 70
    imported = {
        (node.module or "").split(".")[0] for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)
    }
    assert imported <= LIGHT
    assert "Variable" not in text
    assert "Connection" not in text


def test_the_night_walks_the_plan_in_order(bag: Any) -> None:
    dag = bag.dags["nightly"]
    walked = ["open_night"]
    while following := dag.task_dict[walked[-1]].downstream_task_ids - {walked[-1], "tell_operators"}:
        # open_night also feeds every stage with the night, so the next one is the one nearest in the plan
        order = [stage.name for stage in STAGES]
        walked.append(min(following, key=order.index))
    assert walked == ["open_night", *(stage.name for stage in STAGES)]


def test_the_operators_are_told_last_and_their_task_decides_nothing(bag: Any) -> None:
    dag = bag.dags["nightly"]
    told = dag.task_dict["tell_operators"]
    assert told.upstream_task_ids == {STAGES[-1].name}
    assert told.downstream_task_ids == set()
    assert told.is_teardown, "a leaf that always runs would turn a failed night green"
    assert not told.on_failure_fail_dagrun


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_stage_has_the_retries_and_the_timeout_of_the_plan(bag: Any, stage: Any) -> None:
    task = bag.dags["nightly"].task_dict[stage.name]
    assert task.retries == stage.retries
    assert task.execution_timeout.total_seconds() == stage.timeout_minutes * 60
    assert task.is_mapped == stage.per_source


def test_the_parameters_refuse_what_is_no_day_and_no_name(bag: Any) -> None:
    params = bag.dags["nightly"].params
    for name, bad in (("as_of", "yesterday"), ("company", "--version"), ("run_id", "-x"), ("as_of", 3)):
        with pytest.raises(Exception, match="Failed validating"):
            params.get_param(name).resolve(bad)
    assert params.get_param("as_of").resolve("2026-01-31") == "2026-01-31"
    assert params.get_param("as_of").resolve(None) is None


def test_there_is_no_stage_without_a_command() -> None:
    from typer.main import get_command

    from warehouse.cli import app

    commands: set[str] = set(get_command(app).commands)  # type: ignore[attr-defined]
    assert {stage.words[0] for stage in STAGES} | {"open", "train"} <= commands
