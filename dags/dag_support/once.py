"""Run the DAG `nightly` once, in this process, without a scheduler.

    python -m dags.dag_support.once --run-id NAME [--as-of 2026-01-31] [--company FOLDER] [--log-file FILE]

The same DAG object, tasks, retries and XComs as under the scheduler, in a metadata database of its own so that a
running scheduler never takes over the run. Airflow's own words go to the log file; the stages' lines go to the
file that GUANXI_PROGRESS_FILE names. Exit status 0 when the run succeeded, else 1.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
from pathlib import Path

from warehouse.airflow_home import (
    METADATA_ONCE,
    AirflowHome,
    airflow_environment,
    is_migrated,
    make_airflow_home,
    note_migrated,
)
from warehouse.company import load_company
from warehouse.errors import Problem
from warehouse.house import leased_server
from warehouse.settings import load_settings


def main(arguments: list[str]) -> int:
    given = _parse(arguments)
    settings = load_settings()
    company = load_company(given.company or settings.company, timezone=settings.timezone)
    with leased_server(settings) as server_url:
        home = make_airflow_home(settings, server_url=server_url, database=METADATA_ONCE)
        os.environ.update(airflow_environment(settings, home, timezone=company.timezone, database=METADATA_ONCE))
        log = given.log_file or home.logs / "once.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        told = _send_output_to(log)
        failed = _run(home, {"run_id": given.run_id, "as_of": given.as_of, "company": given.company})
    if failed:
        os.write(told, f"tasks that failed: {', '.join(failed)}\n".encode())
    return 1 if failed else 0


def _run(home: AirflowHome, parameters: dict[str, str | None]) -> list[str]:
    """Run the DAG and return the tasks that failed, in the order of the night; empty means success."""
    gc.disable()  # the imports make a million lasting objects; looking through them takes a second
    if not is_migrated(home, database=METADATA_ONCE):
        from airflow.utils.db import initdb

        initdb()
        note_migrated(home, database=METADATA_ONCE)
    from dags.nightly import dag

    gc.freeze()
    gc.enable()
    try:
        run = dag.test(run_conf={name: value for name, value in parameters.items() if value is not None})
    except Exception:
        logging.getLogger(__name__).exception("the run broke off")
        return ["(the run itself; see the log)"]
    if run.state == "success":
        return []
    order = {task_id: number for number, task_id in enumerate(dag.task_ids)}
    failed = {instance.task_id for instance in run.get_task_instances() if instance.state == "failed"}
    return sorted(failed, key=lambda task_id: order.get(task_id, 0)) or [f"(none; the run is {run.state})"]


def _send_output_to(log: Path) -> int:
    """Send stdout and stderr, whoever writes to them, to a file; return a descriptor of the old stderr."""
    told = os.dup(2)
    with log.open("a", encoding="utf-8") as file:
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    return told


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dags.dag_support.once", description="run the DAG nightly in this process")
    parser.add_argument("--run-id", required=True)
    parser.add_argument("--as-of")
    parser.add_argument("--company")
    parser.add_argument("--log-file", type=Path)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    try:
        _status = main(sys.argv[1:])
    except Problem as problem:
        sys.stderr.write(f"error: {problem}\n")
        _status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(_status)  # taking down Airflow's objects one by one would cost two seconds
