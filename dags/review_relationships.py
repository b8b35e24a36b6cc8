"""Mail each account manager the relationships to look at again, on Monday morning.

Who has customers in the review queue of the live night gets one mail: these customers, why, since when and how to
answer. Who has none gets none. GUANXI_REVIEWS_EVERY makes it each workday or the first Monday of the month.

**When it fails.** See docs/runbooks/review_relationships.md. The mails wait, and the lists of the night go on.

**Safe to run again**, on a later day too: nobody is mailed twice in the same day, week or month.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable

from dags.dag_support.defaults import DEFAULT_ARGS, business_timezone, review_times, start_of_schedule
from dags.dag_support.stage import GuanxiCommandOperator

with DAG(
    dag_id="review_relationships",
    schedule=CronTriggerTimetable(review_times(), timezone=business_timezone()),
    start_date=start_of_schedule(),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=["domain:relationships", "tier:2"],
    doc_md=__doc__,
) as dag:
    # a mail server that is down at seven is usually up by noon
    GuanxiCommandOperator(
        task_id="mail",
        task_display_name="Mail each account manager the relationships to review",
        words=("review", "--mail"),
        retries=6,
        retry_delay=timedelta(minutes=5),
        retry_exponential_backoff=2.0,
        max_retry_delay=timedelta(hours=1),
        execution_timeout=timedelta(hours=1),
    )
