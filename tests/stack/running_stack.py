"""A local stack for tests: `guanxi up` on free ports, and a client of Airflow's REST API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tests.conftest import ROOT
from warehouse.airflow_home import AirflowHome
from warehouse.embedded import free_port
from warehouse.settings import Settings, load_settings

UP_SECONDS = 240.0
DOWN_SECONDS = 150.0
NIGHT_SECONDS = 1200.0
LOOK_SECONDS = 2.0  # each look at a night costs Airflow's API a tenth of a second of work

Found = TypeVar("Found")


def wait_for(look: Callable[[], Found | None], *, seconds: float, what: str, every: float = 0.5) -> Found:
    """Return what `look` finds; fail when it has found nothing (None or False) after some seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(every)
    raise AssertionError(f"{what}: not within {seconds:.0f} s")


def stack_environment(home: Path, company: Path, **settings: str) -> dict[str, str]:
    """Return the environment of a stack on free ports, without what the tests' own Airflow needs."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "GUANXI_"))}
    return ours | {
        "GUANXI_HOME": str(home),
        "GUANXI_COMPANY": str(company),
        "GUANXI_API_PORT": str(free_port()),
        "GUANXI_MAILBOX_PORT": str(free_port()),
        **settings,
    }


@dataclass(slots=True)
class RunningStack:
    """A stack that `guanxi up` runs, and what its operator can do with it."""

    environment: dict[str, str]
    process: subprocess.Popen[bytes]
    log: Path
    _token: str = ""

    @classmethod
    def start(cls, environment: dict[str, str], log: Path) -> RunningStack:
        """Start and wait until the stack has told its addresses."""
        with log.open("wb") as output:
            process = subprocess.Popen(
                [guanxi(), "up"], cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        stack = cls(environment, process, log)
        try:
            wait_for(stack._told_or_ended, seconds=UP_SECONDS, what="the stack comes up")
            assert process.poll() is None, log.read_text()
        except BaseException:
            stack.stop()
            raise
        return stack

    @property
    def settings(self) -> Settings:
        return load_settings(self.environment)

    @property
    def home(self) -> Path:
        return self.settings.home

    def stop(self) -> int:
        """Ask `guanxi up` to end, as Ctrl-C does, and return its status."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(timeout=DOWN_SECONDS)
        finally:
            self.process.kill()

    def call(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask Airflow's REST API. Raises URLError or HTTPError."""
        if not self._token and path != "/auth/token":
            user, password = AirflowHome(self.home / "airflow").login()
            self._token = self.call("/auth/token", {"username": user, "password": password})["access_token"]
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.settings.api_port}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"content-type": "application/json", "authorization": f"Bearer {self._token}"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return dict(json.load(answer))

    def page(self, path: str, *, is_logged_in: bool = True) -> str:
        """Return a page of Airflow's server as a browser sees it. Raises URLError or HTTPError."""
        self.call("/api/v2/dags")  # logs in
        headers = {"cookie": f"_token={self._token}"} if is_logged_in else {}
        request = urllib.request.Request(f"http://127.0.0.1:{self.settings.api_port}{path}", headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return str(answer.read().decode())

    def trigger(self, dag_id: str = "nightly", **conf: str) -> str:
        """Start a DAG by hand, without a logical date; return Airflow's run id."""
        body = {"logical_date": None, "conf": conf}
        return str(self.call(f"/api/v2/dags/{dag_id}/dagRuns", body)["dag_run_id"])

    def task_states(self, run_id: str) -> dict[str, str]:
        """Return the state of each task; a mapped task has the state of its last instance."""
        found = self.call(f"/api/v2/dags/nightly/dagRuns/{urllib.parse.quote(run_id)}/taskInstances")
        return {each["task_id"]: str(each["state"]) for each in found["task_instances"]}

    def tries(self, run_id: str, task_id: str) -> int:
        found = self.call(f"/api/v2/dags/nightly/dagRuns/{urllib.parse.quote(run_id)}/taskInstances/{task_id}")
        return int(found["try_number"])

    def wait_for_task(self, run_id: str, task_id: str, state: str) -> None:
        wait_for(
            lambda: self.task_states(run_id).get(task_id) == state,
            seconds=NIGHT_SECONDS, every=LOOK_SECONDS, what=f"{task_id} is {state}",
        )  # fmt: skip

    def wait_for_end(self, run_id: str, dag_id: str = "nightly") -> str:
        """Return "success" or "failed"."""

        def ended() -> str | None:
            try:
                state = self.call(f"/api/v2/dags/{dag_id}/dagRuns/{urllib.parse.quote(run_id)}")["state"]
            except (OSError, urllib.error.URLError):
                return None
            return state if state in {"success", "failed"} else None

        return wait_for(ended, seconds=NIGHT_SECONDS, every=LOOK_SECONDS, what=f"{run_id} ends")

    def _told_or_ended(self) -> bool:
        return self.process.poll() is not None or "stop the stack with" in self.log.read_text()


def guanxi() -> str:
    return str(Path(sys.executable).with_name("guanxi"))
