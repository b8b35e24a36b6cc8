"""The supervisor's configuration, and finding what a killed part of the stack left."""

from __future__ import annotations

import configparser
import os
import shlex
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from warehouse.leftovers import HOME_VARIABLE, SERVICE_VARIABLE, end_leftovers, find_leftovers
from warehouse.services import SERVICES, Service
from warehouse.supervision import Supervision

VALUES = {"mailbox_host": "127.0.0.1", "mailbox_port": "8025", "mail_folder": "/var/a 100% odd folder"}


def _written(folder: Path) -> configparser.RawConfigParser:
    Supervision(folder).write(SERVICES, VALUES, directory=folder)
    parser = configparser.RawConfigParser(inline_comment_prefixes=(" ;",))
    parser.read(folder / "supervisord.conf")
    return parser


def test_every_service_is_restarted_and_stopped_with_its_whole_group(tmp_path: Path) -> None:
    found = _written(tmp_path)
    programs = [found[name] for name in found.sections() if name.startswith("program:")]
    assert [program.name.removeprefix("program:") for program in programs] == [each.name for each in SERVICES]
    for program, service in zip(programs, SERVICES, strict=True):
        assert program["autorestart"] == program["stopasgroup"] == program["killasgroup"] == "true"
        assert int(program["stopwaitsecs"]) == service.stop_seconds
        assert program["environment"] == f'{SERVICE_VARIABLE}="{service.name}"'


def test_commands_survive_odd_folders_and_are_full_paths(tmp_path: Path) -> None:
    command = _written(tmp_path)["program:mailbox"]["command"].replace("%%", "%")
    words = shlex.split(command)
    assert words[:3] == [sys.executable, "-m", "warehouse.keeper"]
    assert words[words.index("--") + 1 :] == list(SERVICES[1].command(VALUES))
    assert words[-1] == VALUES["mail_folder"]
    assert Path(words[words.index("--") + 1]).is_absolute()


def test_the_scheduler_writes_its_own_log_because_its_workers_outlive_it(tmp_path: Path) -> None:
    found = _written(tmp_path)
    assert found["program:scheduler"]["stdout_logfile"] == "NONE"
    assert "--log" in found["program:scheduler"]["command"]
    assert found["program:api-server"]["stdout_logfile"].endswith("api-server.log")


def test_the_control_socket_fits_however_deep_the_folder_lies(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    supervision = Supervision(deep)
    supervision.write(SERVICES, VALUES, directory=tmp_path)
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.bind(str(supervision.socket))
        assert supervision.socket.parent.stat().st_mode & 0o077 == 0
    finally:
        supervision.socket.unlink()
        supervision.socket.parent.rmdir()


def test_without_a_supervisor_there_is_no_state_and_nothing_to_shut_down(tmp_path: Path) -> None:
    assert Supervision(tmp_path).states() is None
    assert Supervision(tmp_path).shut_down() is False


@pytest.mark.parametrize("stubborn", [False, True], ids=["obeys", "ignores SIGTERM"])
def test_leftovers_are_known_by_their_home_and_are_ended(tmp_path: Path, *, stubborn: bool) -> None:
    text = (
        "import signal,time;"
        + ("signal.signal(15, signal.SIG_IGN);" if stubborn else "")
        + "print(1,flush=True);time.sleep(60)"
    )
    marked = _started(text, {HOME_VARIABLE: str(tmp_path), SERVICE_VARIABLE: "scheduler"})
    other = _started(text, {HOME_VARIABLE: str(tmp_path / "other"), SERVICE_VARIABLE: "scheduler"})
    try:
        assert [each.pid for each in find_leftovers(tmp_path)] == [marked.pid]
        assert find_leftovers(tmp_path, service="triggerer") == []
        assert end_leftovers(tmp_path, service="scheduler") == 1
        assert marked.wait(timeout=10) == (-9 if stubborn else -15)
        assert other.poll() is None
    finally:
        for process in (marked, other):
            process.kill()
            process.wait()


def test_a_process_that_renames_itself_is_still_found(tmp_path: Path) -> None:
    text = "import setproctitle,time; setproctitle.setproctitle('x' * 4000); print(1,flush=True); time.sleep(60)"
    renamed = _started(text, {HOME_VARIABLE: str(tmp_path), "SPT_NOENV": "1"})
    try:
        assert [each.pid for each in find_leftovers(tmp_path)] == [renamed.pid]
    finally:
        renamed.kill()
        renamed.wait()


def test_the_keeper_ends_the_predecessors_workers_before_it_starts(tmp_path: Path) -> None:
    environment = {HOME_VARIABLE: str(tmp_path), SERVICE_VARIABLE: "scheduler"}
    left = _started("import time; print(1, flush=True); time.sleep(60)", environment)
    try:
        log = tmp_path / "scheduler.log"
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "warehouse.keeper",
                "--log",
                str(log),
                "--",
                sys.executable,
                "-c",
                "print('started')",
            ],
            env={**os.environ, **environment},
            timeout=30,
            check=False,
        )
        assert done.returncode == 0
        assert left.wait(timeout=5) == -15
        assert log.read_text().splitlines() == ["ended 1 processes that the last scheduler had left", "started"]
    finally:
        left.kill()
        left.wait()


def test_a_service_knows_its_program() -> None:
    service = Service("x", ("airflow", "scheduler", "{port}"), "tcp")
    assert service.command({"port": "1"}) == (str(Path(sys.executable).with_name("airflow")), "scheduler", "1")


def _started(text: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", text], env={**os.environ, **environment}, stdout=subprocess.PIPE)
    if process.stdout is not None:
        process.stdout.readline()
    time.sleep(0.05)
    return process
