"""The operator that ends a night: its page is written and what is wrong is told, whatever the night came to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperatorLink
from airflow.sdk.exceptions import AirflowException

from dags.dag_support.stage import GuanxiOperator, note_progress
from warehouse.ledger import run_folder

if TYPE_CHECKING:
    from airflow.sdk import Context


class NightPageLink(BaseOperatorLink):
    """The button that opens the night's page; dags/plugins/night_pages.py serves it."""

    name = "The night's page 夜间报告"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        named = getattr(operator, "night_run_id", None) or ti_key.run_id
        return f"/nights/{run_folder(Path(), named)}/report.html"


class TellOperatorsOperator(GuanxiOperator):
    """Runs `guanxi report` and `guanxi alerts check` for the run that is ending; returns where the page lies.

    Both are tried, also when the first one fails: a night that could not be opened has no page, and is told.
    """

    operator_extra_links = (NightPageLink(),)

    def execute(self, context: Context) -> str | None:
        params: Any = context["params"]
        run: Any = context["dag_run"]
        self.night_run_id = params.get("run_id") or run.run_id  # for the link
        night = ("--run-id", self.night_run_id)
        whose = ("--company", params["company"]) if params.get("company") else ()
        problems, page = [], None
        for words in (("report", *night, *whose), ("alerts", "check", *night, *whose)):
            try:
                lines = self.run_guanxi(words, label=self.task_id, is_progress=words[0] == "alerts")
            except AirflowException as error:
                problems.append(str(error))
                continue
            page = page or next((line.split(":", 1)[1].strip() for line in lines if line.startswith("report:")), None)
        if page:
            note_progress(f"{self.task_id}: the night's page: {page}")
        if problems:
            raise AirflowException("\n".join(problems))
        return page
