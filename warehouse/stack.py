"""The house as a long-lived local stack: `up` runs it in the foreground, `down` ends it, `status` tells of it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from warehouse.airflow_home import HOST, AirflowHome, airflow_environment, make_airflow_home, migrate_metadata
from warehouse.embedded import port_is_taken
from warehouse.errors import Problem
from warehouse.house import House, embedded_server
from warehouse.leftovers import HOME_VARIABLE, end_leftovers
from warehouse.services import SERVICES, Service
from warehouse.settings import Settings
from warehouse.stage_process import StageProcess
from warehouse.supervision import ServiceState, Supervision

HEALTHY_WITHIN_SECONDS = 240.0
STOP_WITHIN_SECONDS = 150.0
_LOOK_SECONDS = 1.0

Say = Callable[[str], None]


class StackRunningError(Problem):
    """The local stack runs already."""


class PortTakenError(Problem):
    """Another program listens on a port that the stack needs."""


class StackUnhealthyError(Problem):
    """A service of the stack does not come up."""


def up(house: House, *, say: Say) -> None:
    """Run the stack until SIGINT, SIGTERM or `down`; afterwards nothing of it is left running.

    The caller keeps the warehouse's server leased. Raises StackRunningError, PortTakenError, StackUnhealthyError,
    MetadataDatabaseError.
    """
    settings = house.settings
    supervision = Supervision(settings.home.absolute() / "stack")
    with _only_one(supervision.folder), stop_signals() as stopping:
        if ended := end_leftovers(settings.home.absolute()):
            say(f"ended {ended} processes of a stack that had been killed")
        _refuse_taken_ports(settings)
        say("preparing Airflow (the first time takes about 10 s)")
        home = make_airflow_home(settings, server_url=house.server_url)
        environment = _environment(house, home)
        migrate_metadata(home, environment)
        command = supervision.write(_services(settings), _values(house), directory=Path.cwd())
        supervised = {**os.environ, **environment, HOME_VARIABLE: str(settings.home.absolute())}
        try:
            with StageProcess(command, lambda _: None, supervised, grace_seconds=STOP_WITHIN_SECONDS) as process:
                _wait_until_healthy(supervision, settings, stopping, process)
                if not stopping.is_set():
                    _tell_addresses(house, home, say)
                while not stopping.wait(_LOOK_SECONDS) and process.is_running():
                    pass
                say("stopping")
        finally:
            end_leftovers(settings.home.absolute())
        say("stopped")


def down(settings: Settings, *, say: Say) -> None:
    """Stop the stack, wherever it was started, and the embedded server when nobody else uses it."""
    home = settings.home.absolute()
    supervision = Supervision(home / "stack")
    if supervision.shut_down():
        say("stopping")
    deadline = time.monotonic() + STOP_WITHIN_SECONDS
    while _is_locked(supervision.folder) and time.monotonic() < deadline:
        time.sleep(0.2)
    ended = end_leftovers(home)
    if settings.warehouse_url is None and (home / "postgres").exists():
        with embedded_server(settings).leased():
            pass  # the last lease to end stops the server
    say("stopped" if not ended else f"stopped; {ended} processes had to be ended one by one")


def status(settings: Settings, *, say: Say) -> list[ServiceState]:
    """Tell of each service, and return what was told; an empty list when the stack is down."""
    states = Supervision(settings.home.absolute() / "stack").states()
    if states is None:
        say("the stack is down; start it with: guanxi up")
        return []
    health = _health(settings)
    for state in states:
        service = next((each for each in SERVICES if each.name == state.name), None)
        seen = "" if service is None else health.get(service.health, "")
        say(f"{state.name:<14} {state.state:<9} pid {state.pid:<8} {state.running_seconds:>7} s  {seen}".rstrip())
    return states


def _services(settings: Settings) -> list[Service]:
    """The services of this stack: its own PostgreSQL only when no other is named."""
    return [each for each in SERVICES if each.name != "postgres" or settings.warehouse_url is None]


def _values(house: House) -> dict[str, str]:
    return {
        "mailbox_host": HOST,
        "mailbox_port": str(house.settings.mailbox_port),
        "mail_folder": str(house.mail),
    }


def _environment(house: House, home: AirflowHome) -> dict[str, str]:
    environment = airflow_environment(house.settings, home, timezone=house.company.timezone)
    environment.setdefault("GUANXI_SMTP_URL", f"smtp://{HOST}:{house.settings.mailbox_port}")
    environment["NIGHTS_FROM"] = _nights_from(home.folder / "nights_from")
    return environment


def _nights_from(file: Path) -> str:
    """Return the moment from which nights are scheduled: the one before the stack's first start.

    The first night is then the next one, and not one at once; a night that is missed because the stack was down
    is made up when it starts again.
    """
    if not file.exists():
        draft = file.with_suffix(".part")
        draft.touch()
        first_start = datetime.fromtimestamp(draft.stat().st_mtime, tz=UTC)
        draft.write_text((first_start - timedelta(days=1)).isoformat(), encoding="utf-8")
        draft.replace(file)
    return file.read_text(encoding="utf-8")


def _refuse_taken_ports(settings: Settings) -> None:
    for name, port in (("GUANXI_API_PORT", settings.api_port), ("GUANXI_MAILBOX_PORT", settings.mailbox_port)):
        refuse_taken_port(name, port)


def refuse_taken_port(name: str, port: int) -> None:
    """Raise PortTakenError when another program listens on the port that the setting `name` decides."""
    if port_is_taken(port):
        raise PortTakenError(
            f"port {port} of {HOST}",
            seen="another program listens on it",
            expected="a free port",
            next_step=f"stop that program, or set {name} to another port",
        )


def _wait_until_healthy(
    supervision: Supervision, settings: Settings, stopping: threading.Event, process: StageProcess
) -> None:
    deadline = time.monotonic() + HEALTHY_WITHIN_SECONDS
    while not stopping.wait(_LOOK_SECONDS):
        states = {state.name: state.state for state in supervision.states() or []}
        health = _health(settings)
        slow = [
            service.name
            for service in _services(settings)
            if states.get(service.name) != "RUNNING" or health.get(service.health, "healthy") != "healthy"
        ]
        if states and not slow:
            return
        gave_up = [name for name, state in states.items() if state == "FATAL"]
        if gave_up or not process.is_running() or time.monotonic() > deadline:
            name = (gave_up or slow or ["supervisord"])[0]
            raise StackUnhealthyError(
                f"service {name}",
                seen=f"not healthy within {HEALTHY_WITHIN_SECONDS:.0f} s" if not gave_up else "it ends again and again",
                expected="a service that runs and says it is healthy",
                next_step=f"read {supervision.log(name)}",
            )


def _health(settings: Settings) -> dict[str, str]:
    """Return what Airflow says of its parts; "unreachable" for all of them when its API does not answer."""
    tcp = "healthy" if port_is_taken(settings.mailbox_port) else "unreachable"
    try:
        with urllib.request.urlopen(f"http://{HOST}:{settings.api_port}/api/v2/monitor/health", timeout=5) as answer:
            parts = json.load(answer)
    except (OSError, ValueError, urllib.error.URLError):
        return dict.fromkeys(("api", "scheduler", "dag_processor", "triggerer"), "unreachable") | {"tcp": tcp}
    return {name: str(part.get("status")) for name, part in parts.items()} | {"api": "healthy", "tcp": tcp}


def _tell_addresses(house: House, home: AirflowHome, say: Say) -> None:
    user, password = home.login()
    say(f"Airflow      http://{HOST}:{house.settings.api_port}   user {user}, password {password}")
    say(f"PostgreSQL   {HOST}:{house.warehouse.port}, database {house.warehouse.database}")
    say(f"mails        {house.mail}   (SMTP on {HOST}:{house.settings.mailbox_port})")
    say(f"nights       01:30 {house.company.timezone}; stop the stack with Ctrl-C or: guanxi down")


@contextlib.contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackRunningError(
                f"the stack in {folder.parent}",
                seen="it runs already",
                expected="one stack for a state folder",
                next_step="see it with: guanxi stack; end it with: guanxi down; or set GUANXI_HOME to another folder",
            ) from None
        yield


def _is_locked(folder: Path) -> bool:
    if not (folder / "lock").exists():
        return False
    with (folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@contextlib.contextmanager
def stop_signals() -> Iterator[threading.Event]:
    """Give an event that SIGINT, SIGTERM and SIGHUP set, as long as the block lasts (main thread only)."""
    stopping = threading.Event()
    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            before[number] = signal.signal(number, lambda *_: stopping.set())
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
