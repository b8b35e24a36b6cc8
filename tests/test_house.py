"""The house's own rules: who may import whom, how long a file is, what may stand in it."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = {"sources", "erasure", "identity", "needs", "expectations", "ml", "delivery", "operations", "simulator"}
PYTHON_FILES = [
    path
    for folder in (*sorted(ROOMS), "warehouse", "dags", "benchmarks")
    for path in sorted((ROOT / folder).rglob("*.py"))
]


def _tops_imported(path: Path) -> set[str]:
    tops: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            tops |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            tops.add(node.module.split(".")[0])
    return tops


def _is_entrance(path: Path) -> bool:
    """Commands join the rooms; nothing else on the floor may."""
    return "commands" in path.parts or path.name == "cli.py"


def _names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def test_there_are_files_to_judge() -> None:
    assert len(PYTHON_FILES) > 60


@pytest.mark.parametrize("path", PYTHON_FILES, ids=_names(PYTHON_FILES))
def test_rooms_import_the_floor_and_never_one_another(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    allowed = ROOMS if _is_entrance(path) or room == "benchmarks" else ROOMS & {room}
    assert _tops_imported(path) & ROOMS <= allowed
    if room != "dags":
        assert "airflow" not in _tops_imported(path)
    if room == "dags":
        assert not _tops_imported(path) & ROOMS, "a DAG starts commands, it does not call rooms"


@pytest.mark.parametrize("path", PYTHON_FILES, ids=_names(PYTHON_FILES))
def test_a_file_fits_in_the_head(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300, "cut it at its second noun"


@pytest.mark.parametrize(
    "path",
    [path for path in PYTHON_FILES if path.relative_to(ROOT).parts[0] in ROOMS],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_no_room_asks_the_clock(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\b(datetime\.now|datetime\.today|date\.today|time\.time|utcnow)\(", text)


def test_no_model_asks_the_clock() -> None:
    models = sorted((ROOT / "dbt_project").rglob("*.sql"))
    asking = [
        path.name
        for path in models
        if re.search(r"current_date|current_timestamp|now\(\)", path.read_text(encoding="utf-8"), re.I)
        and path.parent.name != "macros"
    ]
    assert models
    assert asking == []


def test_no_tracked_file_names_a_machine_or_a_registry() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    own = {"tests/test_house.py", "tests/stack/test_compose.py"}  # they look for the same
    bad = [
        name
        for name in tracked
        if name not in own
        and re.search(
            r"/(work|root|home)/[a-z]|pypi\.org/simple|files\.pythonhosted|--index-url",
            (ROOT / name).read_text(encoding="utf-8", errors="ignore"),
        )
    ]
    assert bad == []


@pytest.mark.parametrize(
    ("name", "least"), [("requirements.lock", 150), ("tests/servers/tryton/requirements.lock", 30)]
)
def test_a_lock_has_hashes_and_no_addresses(name: str, least: int) -> None:
    lock = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in lock
    pins = re.findall(r"^[a-z0-9._-]+==[^ ]+ \\$", lock, re.M)
    assert len(pins) > least
    assert len(re.findall(r"^[a-z0-9._-]+(\[[a-z,]+\])?==", lock, re.M)) == len(pins), "a pin without a hash"


def test_tryton_is_not_in_what_is_shipped() -> None:
    """It is GPL-3: a test starts it as a program of its own, from a lock of its own."""
    assert "tryton" not in (ROOT / "requirements.lock").read_text(encoding="utf-8")
