"""Superset filled and served: what `guanxi bi` does, each of it by a process of Superset's own environment."""

from __future__ import annotations

import json
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bi.assets import DATABASE_FILE, asset_files, chart_id, stable_id
from bi.description import Description, read_description
from bi.superset_home import INSIDE, SupersetHome, program, superset_environment
from warehouse.database import Role, Warehouse
from warehouse.errors import Problem
from warehouse.house import House
from warehouse.manager_logins import ManagerLogin, open_logins
from warehouse.stage_process import StageProcess

HEALTHY_WITHIN_SECONDS = 180.0
_LOOK_SECONDS = 0.5
_LOAD_SECONDS = 600
_MASK = "X" * 10  # what Superset itself writes where a password was

Say = Callable[[str], None]


class SupersetFailedError(Problem):
    """A process of Superset ended with an error, or did not come up."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What Superset holds of ours after an import: ids by name."""

    datasets: dict[str, int]
    dashboards: dict[str, int]
    charts: list[int]
    managers: list[str]


def reader_url(warehouse: Warehouse) -> str:
    """Return the BI reader's URL as Superset wants it, with a mask for the password."""
    return (
        f"postgresql+psycopg2://{Role.READER.value}:{_MASK}@{warehouse.host}:{warehouse.port}/{warehouse.database}"
        "?application_name=superset"
    )


def bundle(
    description: Description, warehouse: Warehouse, login: tuple[str, str], managers: Sequence[ManagerLogin]
) -> dict[str, Any]:
    """Return all that the import needs. It holds passwords: hand it over by a pipe alone."""
    own = [each for each in description.datasets if each.is_by_manager]
    open_to_managers = [each for each in description.datasets if each.is_by_manager or each.is_for_managers]
    boards = [each for each in description.dashboards if description.is_for_managers(each)]
    return {
        "admin": {"username": login[0], "password": login[1], "name": "Guanxi"},
        "files": asset_files(description, database_url=reader_url(warehouse)),
        "passwords": {DATABASE_FILE: warehouse.password(Role.READER.value)},
        "ids": _ids(description),
        "for_managers": {
            "own_datasets": [stable_id("dataset", each.name) for each in own],
            "datasets": [stable_id("dataset", each.name) for each in open_to_managers],
            "dashboards": [stable_id("dashboard", each.slug) for each in boards],
        },
        "managers": [
            {
                "username": each.account_manager_id,
                "account_manager_id": each.account_manager_id,
                "name": each.name,
                "password": each.password,
            }
            for each in managers
        ],
    }


def load(house: House, home: SupersetHome) -> Loaded:
    """Make or bring up to date Superset's metadata, and import every dashboard. Raises SupersetFailedError."""
    wanted = bundle(read_description(), house.warehouse, home.login(), open_logins(house.warehouse))
    with home.log.open("a", encoding="utf-8") as log:
        done = subprocess.run(
            [program("python"), str(INSIDE / "load.py")],
            input=json.dumps(wanted),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            encoding="utf-8",
            cwd=home.folder,
            env=superset_environment(home),
            check=False,
            timeout=_LOAD_SECONDS,
        )
    if done.returncode != 0:
        raise SupersetFailedError(
            "the import of dashboards into Superset",
            seen=f"it ended with status {done.returncode}",
            expected="a metadata database that takes them",
            next_step=f"read the end of {home.log}",
        )
    return Loaded(**json.loads(done.stdout.splitlines()[-1]))


def serve(home: SupersetHome, *, host: str, port: int, stopping: threading.Event, on_ready: Callable[[], None]) -> None:
    """Serve Superset until `stopping` is set. Raises SupersetFailedError when it does not come up, or ends."""
    command = [
        program("gunicorn"), "--bind", f"{host}:{port}", "--workers", "1", "--worker-class", "gthread",
        "--threads", "8", "--timeout", "120", "--graceful-timeout", "5", "superset.app:create_app()",
    ]  # fmt: skip
    with (
        home.log.open("a", encoding="utf-8") as log,
        StageProcess(command, lambda line: _note(log, line), superset_environment(home)) as process,
    ):
        deadline = time.monotonic() + HEALTHY_WITHIN_SECONDS
        is_ready = False
        while not stopping.wait(_LOOK_SECONDS):
            if not process.is_running():
                raise _did_not_serve(home, port, "it ended")
            if not is_ready and _is_healthy(port):
                is_ready = True
                on_ready()
            if not is_ready and time.monotonic() > deadline:
                raise _did_not_serve(home, port, f"no answer within {HEALTHY_WITHIN_SECONDS:.0f} s")


def _did_not_serve(home: SupersetHome, port: int, seen: str) -> SupersetFailedError:
    return SupersetFailedError(
        f"Superset on port {port}",
        seen=seen,
        expected="a server that says it is healthy and runs until it is stopped",
        next_step=f"read the end of {home.log}",
    )


def _ids(description: Description) -> list[str]:
    found = [stable_id("dataset", dataset.name) for dataset in description.datasets]
    for dashboard in description.dashboards:
        found.append(stable_id("dashboard", dashboard.slug))
        found += [chart_id(dashboard, chart) for chart in dashboard.charts]
    return found


def _is_healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004
    except (OSError, urllib.error.URLError):
        return False


def _note(log: Any, line: str) -> None:
    log.write(line + "\n")
    log.flush()
