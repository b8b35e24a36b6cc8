"""A command on a leash: it ends when asked, and with whoever asked for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from warehouse.stage_process import StageProcess, guanxi_command, stage_environment


def _python(text: str) -> list[str]:
    return [sys.executable, "-c", text]


def _wait_for(file: Path) -> str:
    for _ in range(400):
        if file.exists() and file.read_text().strip():
            return file.read_text()
        time.sleep(0.05)
    raise AssertionError(f"{file} was never written")


def _gone(pid: int) -> bool:
    for _ in range(400):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def test_both_outputs_come_line_by_line_and_the_status_is_the_commands() -> None:
    lines: list[str] = []
    text = "import sys; print('关系'); print('two', file=sys.stderr); sys.exit(7)"
    with StageProcess(_python(text), lines.append) as process:
        assert process.wait() == 7
    assert sorted(lines) == ["two", "关系"]
    assert list(process.stdout_lines) == ["关系"]
    assert process.last_words() == "two"


def test_a_program_that_is_not_there_is_a_status_and_not_a_crash(tmp_path: Path) -> None:
    with StageProcess([str(tmp_path / "none")], lambda _: None) as process:
        assert process.wait() == 126
    assert "cannot be started" in process.last_words()


def test_stopping_sends_sigint_first_to_the_whole_group(tmp_path: Path) -> None:
    noted = tmp_path / "noted"
    child = (
        "import signal,time\n"
        f"signal.signal(2, lambda *_: (open({str(noted)!r}, 'a').write('child '), exit(0)))\n"
        "time.sleep(60)\n"
    )
    text = (
        "import signal,subprocess,sys,time\n"
        f"inner = subprocess.Popen([sys.executable, '-c', {child!r}])\n"
        f"signal.signal(2, lambda *_: (open({str(noted)!r}, 'a').write('parent '), inner.wait(), sys.exit(130)))\n"
        f"time.sleep(1); open({str(tmp_path / 'ready')!r}, 'w').write('ready')\n"
        "while True: time.sleep(0.1)\n"
    )
    with StageProcess(_python(text), lambda _: None) as process:
        _wait_for(tmp_path / "ready")
        process.stop()
        assert process.wait() == 130
    assert sorted(noted.read_text().split()) == ["child", "parent"]


def test_what_ignores_sigint_is_killed_after_the_grace(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    text = f"import signal,time; signal.signal(2, signal.SIG_IGN); open({str(ready)!r},'w').write('1'); time.sleep(60)"
    with StageProcess(_python(text), lambda _: None, grace_seconds=0.5) as process:
        _wait_for(ready)
        process.stop()
        assert process.wait() == 128 + signal.SIGKILL


def test_a_command_does_not_outlive_a_caller_that_was_killed(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    inner = f"import os,time; open({str(pid_file)!r},'w').write(str(os.getpid())); time.sleep(60)"
    outer = (
        "import sys\nfrom warehouse.stage_process import StageProcess\n"
        f"with StageProcess([sys.executable, '-c', {inner!r}], print, grace_seconds=2) as process: process.wait()\n"
    )
    caller = subprocess.Popen(_python(outer))
    try:
        command = int(_wait_for(pid_file))
        caller.kill()
        assert _gone(command)
    finally:
        caller.kill()
        caller.wait()


def test_leaving_the_block_by_an_error_ends_the_command(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    text = f"import os,time; open({str(pid_file)!r},'w').write(str(os.getpid())); time.sleep(60)"

    def break_off() -> None:
        with StageProcess(_python(text), lambda _: None, grace_seconds=2):
            _wait_for(pid_file)
            raise KeyError("told to")

    with pytest.raises(KeyError, match="told to"):
        break_off()
    assert _gone(int(pid_file.read_text()))


def test_the_command_is_ours_unless_another_is_named() -> None:
    assert guanxi_command({}) == (str(Path(sys.executable).with_name("guanxi")),)
    assert guanxi_command({"GUANXI_COMMAND": "/opt/other"}) == ("/opt/other",)


def test_a_stage_inherits_our_settings_and_none_of_airflows() -> None:
    environment = {"GUANXI_HOME": "h", "PATH": os.defpath, "AIRFLOW__CORE__FERNET_KEY": "f", "_AIRFLOW_X": "x"}
    assert stage_environment(environment) == {"GUANXI_HOME": "h", "PATH": os.defpath}
