"""Erase one person at a customer from everything the house keeps, and keep the person away.

Only on demand, with the contact's id as the source gives it. The id becomes a pseudonym that leads nowhere, who it was
and what was written is gone; rows and the customer's numbers stay. It waits for no night: while one is at work it
fails and tries again a quarter of an hour later.

**When it fails.** See docs/runbooks/erase_personal_data.md. Nothing is half erased in the warehouse.

**Safe to run again**: a person who was erased is not there to be found.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param

from dags.dag_support.defaults import DEFAULT_ARGS, start_of_schedule
from dags.dag_support.erasing import ErasePersonOperator

NOT_AN_OPTION = r"^[^-\s][^\n]*$"

with DAG(
    dag_id="erase_personal_data",
    schedule=None,
    start_date=start_of_schedule(),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=["domain:persons", "tier:1"],
    doc_md=__doc__,
    params={
        "contact": Param(type="string", pattern=NOT_AN_OPTION, description="contact_id as the source gives it"),
        "source": Param(None, type=["null", "string"], pattern=NOT_AN_OPTION, description="where several have the id"),
        "reason": Param(None, type=["null", "string"], pattern=NOT_AN_OPTION, description="why; not who it is"),
        "company": Param(None, type=["null", "string"], pattern=NOT_AN_OPTION, description="folder of company.yml"),
    },
) as dag:
    ErasePersonOperator(
        task_id="erase",
        task_display_name="Erase one person from everything the house keeps",
        retries=3,
        retry_delay=timedelta(minutes=15),
        execution_timeout=timedelta(hours=1),
    )
