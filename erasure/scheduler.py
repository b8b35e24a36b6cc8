"""What Airflow noted of the runs of the DAG that erases: whom it was asked to."""

from __future__ import annotations

import psycopg
from psycopg import sql

from erasure.person import Person
from warehouse.errors import Problem

DAG_ID = "erase_personal_data"

# where a run keeps its parameters, and where Airflow copies them to
_NOTES = (
    ("dag_run", "conf", "'{}'"),
    ("log", "extra", "null"),
    ("rendered_task_instance_fields", "rendered_fields", "'{}'"),
)


def forget_request(url: str, person: Person) -> int:
    """Take the person out of what Airflow noted of this DAG's runs; return how many notes held them.

    Raises Problem when Airflow's database does not answer.
    """
    count = 0
    try:
        with psycopg.connect(url.replace("postgresql+psycopg2", "postgresql"), connect_timeout=10) as connection:
            for table, column, nothing in _NOTES:
                if connection.execute("select to_regclass(%s)", (table,)).fetchone() == (None,):
                    continue
                count += connection.execute(
                    sql.SQL("update {0} set {1} = {2} where dag_id = %s and strpos({1}::text, %s) > 0").format(
                        sql.Identifier(table), sql.Identifier(column), sql.SQL(nothing)
                    ),
                    (DAG_ID, person.contact_id),
                ).rowcount
    except psycopg.OperationalError:
        raise Problem(
            "Airflow's metadata database",
            seen="it does not answer",
            expected="a database in which runs of the DAG erase_personal_data can be cleaned of their parameters",
            next_step="start it (guanxi up), then run the same erase again",
        ) from None
    return count
