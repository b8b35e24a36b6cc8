"""Secrets that the house makes for itself."""

from __future__ import annotations

import multiprocessing
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

from warehouse.house import secret, with_database

PROCESSES = 8


def _ask(home: Path, name: str, start: Barrier, answers: Queue[str]) -> None:
    start.wait()
    answers.put(secret(home, name))


def test_processes_that_ask_at_once_get_the_same_secret_which_only_its_owner_can_read(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    made = set()
    for number in range(5):
        name = f"secret-{number}"
        start: Barrier = context.Barrier(PROCESSES)
        answers: Queue[str] = context.Queue()
        asking = [context.Process(target=_ask, args=(tmp_path, name, start, answers)) for _ in range(PROCESSES)]
        for process in asking:
            process.start()
        found = {answers.get(timeout=60) for _ in asking}
        for process in asking:
            process.join()
        assert len(found) == 1
        made |= found
        file = tmp_path / "secrets" / name
        assert file.read_text(encoding="utf-8") in found
        assert file.stat().st_mode & 0o777 == 0o600
    assert len(made) == 5
    assert all(len(each) >= 32 for each in made)
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert len(list((tmp_path / "secrets").iterdir())) == 5, "no draft stays behind"


def test_a_secret_stays_as_it_was_made(tmp_path: Path) -> None:
    assert secret(tmp_path, "role_secret") == secret(tmp_path, "role_secret")


def test_only_the_database_of_a_url_is_replaced() -> None:
    url = "postgresql://u:p%40ss@h:5432/old?sslmode=require"
    assert with_database(url, "a b") == "postgresql://u:p%40ss@h:5432/a%20b?sslmode=require"
