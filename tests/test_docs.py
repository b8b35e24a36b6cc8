"""What the docs say, a test reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from warehouse.cli import app
from warehouse.dictionary import FILE, dictionary_text
from warehouse.published_tables import CONTRACT_GLOBS, VIEWS_GLOB

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
GROUPS = {str(group.name): group.typer_instance for group in app.registered_groups}
COMMANDS = sorted([*(str(command.name) for command in app.registered_commands), *GROUPS])
CALLBACKS = {
    " ".join(filter(None, (group, str(command.name)))): command.callback
    for group, commands in [("", app), *GROUPS.items()]
    for command in (commands.registered_commands if commands else ())
}


def test_every_make_target_is_in_the_readme() -> None:
    targets = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    assert len(targets) > 10
    assert [target for target in targets if f"make {target}" not in README and target != "help"] == []


def test_every_make_command_in_the_docs_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    named = {word for doc in DOCS for word in re.findall(r"`make ([a-z-]+)", doc.read_text(encoding="utf-8"))}
    assert named
    assert named - targets == set()


def test_every_guanxi_command_is_in_the_readme_and_the_other_way_round() -> None:
    named = {word for doc in DOCS for word in re.findall(r"`?guanxi ([a-z]+)\b", doc.read_text(encoding="utf-8"))}
    assert [command for command in COMMANDS if f"guanxi {command}" not in README] == []
    assert {word for word in named if f"`guanxi {word}" in README} - set(COMMANDS) == set()


@pytest.mark.parametrize("group", GROUPS)
def test_every_command_of_a_group_is_in_the_readme(group: str) -> None:
    line = next(line for line in README.splitlines() if line.startswith(f"| `guanxi {group}` |"))
    words = {name.removeprefix(f"{group} ") for name in CALLBACKS if name.startswith(f"{group} ")}
    assert words
    assert [word for word in words if f"`{word}`" not in line] == []


@pytest.mark.parametrize("command", CALLBACKS)
def test_every_command_has_a_line_of_help(command: str) -> None:
    callback = CALLBACKS[command]
    assert callback is not None
    assert (callback.__doc__ or "").strip().endswith(".")


@pytest.mark.parametrize("doc", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_and_link_in_the_docs_exists(doc: Path) -> None:
    text = doc.read_text(encoding="utf-8")
    linked = [
        (doc.parent / target).resolve()
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text)
        if not target.startswith("http")
    ]
    folders = (
        "bi|dags|sources|identity|needs|expectations|dbt_project|ml|delivery|operations|warehouse|simulator|benchmarks|examples|tests"
        "|docs"
    )
    named = [ROOT / path.rstrip("/") for path in re.findall(rf"`((?:{folders})/[A-Za-z0-9_./-]*)`", text)]
    assert [str(path) for path in (*linked, *named) if not path.exists()] == []


def test_every_dag_has_a_runbook_and_stands_in_the_timetable() -> None:
    dags = sorted(path.stem for path in (ROOT / "dags").glob("*.py") if path.stem != "__init__")
    assert "nightly" in dags
    for dag in dags:
        assert (ROOT / "docs" / "runbooks" / f"{dag}.md").exists(), dag
        assert f"`{dag}`" in README, "the timetable names every DAG"


def test_every_published_table_is_in_the_readme() -> None:
    models = [
        model["name"]
        for pattern in (*CONTRACT_GLOBS, VIEWS_GLOB)
        for file in ROOT.glob(pattern)
        for model in yaml.safe_load(file.read_text(encoding="utf-8")).get("models", [])
        if (meta := (model.get("config") or {}).get("meta", {})).get("publish", True) or meta.get("is_view")
    ]
    assert len(models) >= 10
    assert [name for name in models if f"`{name}`" not in README] == []


def test_the_data_dictionary_is_fresh() -> None:
    assert (ROOT / FILE).read_text(encoding="utf-8") == dictionary_text(), "run `make docs`"


def test_decisions_are_numbered_once_and_those_named_exist() -> None:
    files = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    numbers = [file.name[:4] for file in files]
    assert len(set(numbers)) == len(numbers)
    for file in files:
        lines = file.read_text(encoding="utf-8").splitlines()
        assert lines[0].startswith(f"# {file.name[:4]}  "), file.name
        assert any(line.startswith("Status: ") for line in lines[:4]), file.name
    sources = [path for pattern in ("**/*.py", "**/*.sql", "**/*.yml", "**/*.md") for path in _ours(pattern)]
    named = {
        number for path in sources for number in re.findall(r"decisions/(\d{4})", path.read_text(encoding="utf-8"))
    }
    assert named - set(numbers) == set()


def _ours(pattern: str) -> list[Path]:
    found = sorted(ROOT.glob(pattern))
    return [path for path in found if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)]
