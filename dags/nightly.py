"""One night: from the sources to the account managers' lists.

Extracts every source, checks what arrived, builds and checks the marts, scores the accounts, checks the scores,
publishes all of it at one moment and sends the lists. When a gate closes, the last good night stays live.

**How it went.** The last task writes the night's page whatever the end was, tells it in its log, and tells the
operators what is wrong. It decides nothing: a night that failed stays red.

**Which day.** The parameter `as_of`, else the last business day that had ended when the run was due.

**When it fails.** See docs/runbooks/nightly.md.

**Safe to run again**, whole or from any task: a stage that comes later takes over from an earlier one, a night
that is published is not published twice, and nobody is sent the same list twice.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, CronDataIntervalTimetable, Param

from dags.dag_support.defaults import DEFAULT_ARGS, business_timezone, start_of_schedule
from dags.dag_support.names import OPEN_NIGHT, STAGE_NAMES, TELL_OPERATORS
from dags.dag_support.stage import NIGHT_KEY, OpenNightOperator, StageOperator, retry_settings
from dags.dag_support.telling import TellOperatorsOperator
from warehouse.plan import STAGES

NOT_AN_OPTION = r"^[^-\s][^\n]*$"

with DAG(
    dag_id="nightly",
    schedule=CronDataIntervalTimetable("30 1 * * *", timezone=business_timezone()),
    start_date=start_of_schedule(),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=["domain:customers", "tier:1"],
    doc_md=__doc__,
    params={
        "as_of": Param(None, type=["null", "string"], format="date", description="the business day to answer for"),
        "company": Param(None, type=["null", "string"], pattern=NOT_AN_OPTION, description="folder of company.yml"),
        "run_id": Param(None, type=["null", "string"], pattern=NOT_AN_OPTION, description="name of the night"),
    },
) as dag:
    opened = OpenNightOperator(
        task_id="open_night", task_display_name=OPEN_NIGHT, execution_timeout=timedelta(minutes=10)
    )
    last = opened
    for stage in STAGES:
        settings = {
            "task_id": stage.name,
            "task_display_name": STAGE_NAMES[stage.name],
            "stage": stage.name,
            "night": opened.output[NIGHT_KEY],
            **retry_settings(stage),
        }
        if stage.per_source:
            task = StageOperator.partial(**settings).expand(source=opened.output)
        else:
            task = StageOperator(**settings)
        last >> task
        last = task
    told = TellOperatorsOperator(
        task_id="tell_operators", task_display_name=TELL_OPERATORS, execution_timeout=timedelta(minutes=10)
    )
    last >> told.as_teardown()  # runs whatever came before, and the run's state is that of the stages
