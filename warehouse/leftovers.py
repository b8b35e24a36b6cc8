"""Find and end what a killed part of the local stack left running.

Every process of the stack carries STACK_HOME in its environment, and its children inherit it, so a process is
known by that and not by a number that may belong to somebody else by now.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import psutil  # type: ignore[import-untyped]

HOME_VARIABLE = "STACK_HOME"
SERVICE_VARIABLE = "STACK_SERVICE"
CHILDLESS_SECONDS = 2.0
PARENT_SECONDS = 15.0


def find_leftovers(home: Path, *, service: str | None = None) -> list[psutil.Process]:
    """Return the running processes of the stack in `home`, or of one of its services; never this one."""
    mine = psutil.Process()
    spared = {mine.pid, *(parent.pid for parent in mine.parents())}
    return [process for process in psutil.process_iter() if process.pid not in spared and _is(process, home, service)]


def end_leftovers(home: Path, *, service: str | None = None) -> int:
    """End them and return how many there were.

    Only the topmost are asked (SIGTERM): they end their own children in the right way, a running stage with
    SIGINT among them. A childless process that ignores it is killed after 2 s, a parent after 15 s.
    """
    found = find_leftovers(home, service=service)
    count = len(found)
    began = time.monotonic()
    asked: set[int] = set()
    while found:
        waited = time.monotonic() - began
        for process in _topmost(found):
            patience = PARENT_SECONDS if _has_children(process) else CHILDLESS_SECONDS
            if process.pid not in asked:
                asked.add(process.pid)
                _signal(process, kill=False)
            elif waited > patience:
                _signal(process, kill=True)
        time.sleep(0.1)
        found = [process for process in found if _alive(process)]
    return count


def _is(process: psutil.Process, home: Path, service: str | None) -> bool:
    try:
        environment = process.environ()
    except (psutil.Error, OSError):
        return False
    ours = environment.get(HOME_VARIABLE) == str(home)
    return ours and (service is None or environment.get(SERVICE_VARIABLE) == service)


def _topmost(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    numbers = {process.pid for process in processes}
    return [process for process in processes if _parent(process) not in numbers]


def _parent(process: psutil.Process) -> int | None:
    try:
        return int(process.ppid())
    except psutil.Error:
        return None


def _has_children(process: psutil.Process) -> bool:
    try:
        return bool(process.children())
    except psutil.Error:
        return False


def _alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _signal(process: psutil.Process, *, kill: bool) -> None:
    try:
        if kill:
            process.kill()
        else:
            process.terminate()
    except psutil.Error:
        return
