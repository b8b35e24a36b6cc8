"""Learn a new churn model from the live history, and let it take over only where it is better.

Trains on closed months, compares with the present model and with one-line rules on months neither has seen, and
keeps whichever is best. The next night scores with it; nothing that is published changes by this run.

**When it fails.** See docs/runbooks/train_churn_model.md. Nights go on with the present model or rule.

**Safe to run again**: a model is written once and never changed.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable

from dags.dag_support.defaults import DEFAULT_ARGS, business_timezone, start_of_schedule
from dags.dag_support.stage import GuanxiCommandOperator

with DAG(
    dag_id="train_churn_model",
    schedule=CronTriggerTimetable("0 4 1 * *", timezone=business_timezone()),
    start_date=start_of_schedule(),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=["domain:churn", "tier:2"],
    doc_md=__doc__,
) as dag:
    GuanxiCommandOperator(
        task_id="train",
        task_display_name="Learn a new churn model and keep the better one",
        words=("train",),
        execution_timeout=timedelta(hours=2),
    )
