"""Runs dbt as a process: what it is given, and the project's parsed form, made once and kept beside the project."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from warehouse import dbt_process
from warehouse.database import Role, Warehouse
from warehouse.settings import ROOT

PROJECT = ROOT / "dbt_project"

_KEPT = PROJECT / "target"
_MANY = 20  # one for each company on this machine, and a few versions
_OWN_FOLDERS = {"target", "logs"}  # dbt's, not the project's
_OF_ONE_NIGHT = {"as_of_date", "carried_schema", "carried_gen", "carried_as_of_date"}


def dbt_environment(warehouse: Warehouse, schema: str, *, threads: int) -> dict[str, str]:
    """Return the environment that dbt_project/profiles.yml reads, without any other secret of ours."""
    return _environment(
        host=warehouse.host,
        port=str(warehouse.port),
        user=Role.TRANSFORMER.value,
        password=warehouse.password(Role.TRANSFORMER.value),
        dbname=warehouse.database,
        schema=schema,
        threads=str(threads),
    )


def run_dbt(
    words: Sequence[str],
    *,
    environment: dict[str, str],
    variables: dict[str, Any],
    target: Path,
    progress: Callable[[str], None],
) -> int:
    """Run dbt with these words on the project and return its exit status; what it leaves lies in `target`."""
    with tempfile.TemporaryDirectory() as scratch:
        parsed = parsed_project(variables, scratch=Path(scratch), progress=progress)
        program = [sys.executable, "-m", dbt_process.__name__, str(parsed)]
        if parsed is None:  # dbt says what is wrong with the project, where a reader of its log looks for it
            program = [str(_dbt())]
        return _follow([*program, *_words(words, variables, target)], environment, progress)


def parsed_project(
    variables: dict[str, Any], *, scratch: Path, progress: Callable[[str], None] = lambda _: None
) -> Path | None:
    """Return the file that holds the parsed project, made now unless it was kept; None when dbt cannot parse it.

    It is kept in dbt_project/target under a hash of all that it depends on, as long as that folder can be written; else
    it is made each time, in `scratch`. Of several processes that miss it at once, one makes it and the others wait.
    """
    kept = _KEPT / f"parsed-{_hash(_parsed_by(variables))}.msgpack"
    with _alone():
        return kept if kept.exists() else _parse(variables, kept, scratch, progress)


def _parsed_by(variables: dict[str, Any]) -> dict[str, Any]:
    """Return the variables that decide what dbt parses; the others are put in when a model is compiled."""
    return {"own_account_ids": variables.get("own_account_ids") or []}


@contextmanager
def _alone() -> Iterator[None]:
    """Wait until no other process parses; where the folder cannot be written, nobody can be waited for."""
    try:
        _KEPT.mkdir(exist_ok=True)
        lock = (_KEPT / "parsing.lock").open("a")
    except OSError:
        yield
        return
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _parse(variables: dict[str, Any], kept: Path, scratch: Path, progress: Callable[[str], None]) -> Path | None:
    progress("dbt reads the project")
    environment = _environment(
        host="nowhere.invalid", port="1", user="nobody", password="none", threads="1",  # noqa: S106 - dbt connects to nothing here
        dbname=dbt_process.DATABASE, schema=dbt_process.SCHEMA,
    )  # fmt: skip
    command = [str(_dbt()), *_words(["--quiet", "parse"], variables, scratch)]
    parsed = scratch / "partial_parse.msgpack"
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    if done.returncode != 0 or not parsed.exists():
        return None
    try:
        return _keep(parsed, kept)
    except OSError:
        return parsed


def _keep(parsed: Path, kept: Path) -> Path:
    """Move a parsed project to its place in one step, for others may look for it now; drop those of other contents."""
    with tempfile.NamedTemporaryFile(dir=_KEPT, prefix="parsing-", delete=False) as whole:
        whole.write(parsed.read_bytes())
    Path(whole.name).chmod(0o644)
    Path(whole.name).replace(kept)
    for other in sorted(_KEPT.glob("parsed-*.msgpack"), key=lambda file: file.stat().st_mtime)[:-_MANY]:
        other.unlink(missing_ok=True)
    return kept


def project_hash(variables: dict[str, Any]) -> str:
    """Return a hash of every file of the project, of the versions of dbt and of the variables that nights share."""
    return _hash({name: value for name, value in variables.items() if name not in _OF_ONE_NIGHT})


def _hash(variables: dict[str, Any]) -> str:
    found = hashlib.sha256(json.dumps([version("dbt-core"), version("dbt-postgres"), variables]).encode())
    for file in _files():
        found.update(f"\0{file.relative_to(PROJECT)}\0".encode())
        found.update(file.read_bytes())
    return found.hexdigest()[:24]


def _files() -> Iterator[Path]:
    for file in sorted(PROJECT.rglob("*")):
        if file.is_file() and file.relative_to(PROJECT).parts[0] not in _OWN_FOLDERS:
            yield file


def _environment(**profile: str) -> dict[str, str]:
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("GUANXI_", "AIRFLOW"))}
    named = {f"GUANXI_DBT_{name.upper()}": value for name, value in profile.items()}
    return mine | named | {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1"}


def _dbt() -> Path:
    return Path(sys.executable).with_name("dbt")


def _words(words: Sequence[str], variables: dict[str, Any], target: Path) -> list[str]:
    return [
        # each event in full is a tenth of dbt's time; of what breaks the short log has the message and the file
        "--no-use-colors", "--no-version-check", "--log-level-file", "info", *words,
        "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT),
        "--target-path", str(target), "--log-path", str(target), "--vars", json.dumps(variables),
    ]  # fmt: skip


def _follow(command: list[str], environment: dict[str, str], progress: Callable[[str], None]) -> int:
    with subprocess.Popen(
        command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        encoding="utf-8",
    ) as child:  # fmt: skip
        try:
            for line in child.stdout or ():
                if step := re.search(r"(\d+) of (\d+) (?:START|OK|PASS|WARN|FAIL|ERROR)", line):
                    progress(f"dbt {step.group(1)} of {step.group(2)}")
            return child.wait()
        except BaseException:
            # dbt cancels its query on the server only on SIGINT
            child.send_signal(signal.SIGINT)
            try:
                child.wait(timeout=10)
            except subprocess.TimeoutExpired:
                child.kill()
            raise
