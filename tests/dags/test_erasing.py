"""The DAG that erases a person: what it passes on, and that it keeps nothing of it in its own notes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.dags.conftest import StandIn


def _execute(params: dict[str, Any], *, user: str | None) -> None:
    from airflow.sdk.bases.operator import ExecutorSafeguard

    from dags.dag_support.erasing import ErasePersonOperator

    operator = ErasePersonOperator(task_id="erase")
    token = ExecutorSafeguard.tracker.set(operator)
    try:
        operator.execute({"params": params, "dag_run": SimpleNamespace(triggering_user_name=user)})
    finally:
        ExecutorSafeguard.tracker.reset(token)


def test_the_contact_and_who_asks_are_passed_on(stand_in: StandIn) -> None:
    _execute({"contact": "P 7", "source": "crm", "reason": "asked by letter", "company": None}, user="mei")
    _execute({"contact": "P 8", "source": None, "reason": None, "company": "examples/x"}, user=None)
    assert stand_in.calls() == [
        ["erase", "--contact", "P 7", "--by", "mei", "--yes", "--source", "crm", "--reason", "asked by letter"],
        ["erase", "--contact", "P 8", "--by", "airflow", "--yes", "--company", "examples/x"],
    ]


def test_it_runs_on_demand_only_with_a_contact_and_templates_nothing(bag: Any) -> None:
    dag = bag.dags["erase_personal_data"]
    (task,) = dag.tasks
    assert not dag.timetable.can_be_scheduled
    assert set(dag.params) == {"contact", "source", "reason", "company"}
    assert list(task.template_fields) == []
    with pytest.raises(Exception, match="contact"):
        dag.params.validate()
