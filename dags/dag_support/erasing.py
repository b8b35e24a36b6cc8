"""The operator that erases one person, as a run's parameters say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dags.dag_support.stage import GuanxiOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class ErasePersonOperator(GuanxiOperator):
    """Runs `guanxi erase` for the contact of the run's parameters, which it does not log and does not template.

    When the command has ended well it has taken the parameters out of Airflow's own notes too.
    """

    def execute(self, context: Context) -> None:
        params: Any = context["params"]
        run: Any = context["dag_run"]
        who = getattr(run, "triggering_user_name", None) or "airflow"
        words = ["erase", "--contact", str(params["contact"]), "--by", who, "--yes"]
        for name in ("source", "reason", "company"):
            if params.get(name):
                words += [f"--{name}", str(params[name])]
        self.run_guanxi(words, label=self.task_id)
