"""The Chinese pages say what the English ones say: the same parts in the same order, the same things in each table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = {path: path.with_name(path.name.replace(".zh-CN", "")) for path in sorted(ROOT.glob("*.zh-CN.md"))} | {
    path: path.with_name(path.name.replace(".zh-CN", "")) for path in sorted((ROOT / "docs").rglob("*.zh-CN.md"))
}
BOTH = [pytest.param(zh, en, id=str(zh.relative_to(ROOT))) for zh, en in PAGES.items()]
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def _lines(page: Path) -> list[str]:
    """Return the lines outside blocks of code."""
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S).splitlines()


def _headings(page: Path) -> list[int]:
    return [len(line) - len(line.lstrip("#")) for line in _lines(page) if line.startswith("#")]


def _cells(page: Path) -> list[str]:
    """Return the first cell of each row of each table where it names a thing of the project."""
    rows = [line.split("|")[1].strip() for line in _lines(page) if line.startswith("|")]
    return [cell for cell in rows if cell.startswith("`")]


def _commands(page: Path) -> list[str]:
    return re.findall(r"^```console\n(.*?)^```$", page.read_text(encoding="utf-8"), flags=re.M | re.S)


def _targets(page: Path) -> set[str]:
    """Return what the page leads to, whatever part of it, in whichever language."""
    found = re.findall(r"\]\(([^)#]+)[^)]*\)", "\n".join(_lines(page)))
    return {target.replace(".zh-CN.md", ".md") for target in found} - {page.name.replace(".zh-CN", "")}


def test_the_readme_exists_in_chinese() -> None:
    assert ROOT / "README.zh-CN.md" in PAGES


@pytest.mark.parametrize(("zh", "en"), BOTH)
def test_both_have_the_same_parts_in_the_same_order(zh: Path, en: Path) -> None:
    assert _headings(zh) == _headings(en)
    assert len(_headings(zh)) > 2


@pytest.mark.parametrize(("zh", "en"), BOTH)
def test_every_row_and_every_command_is_in_both(zh: Path, en: Path) -> None:
    assert _cells(zh) == _cells(en)
    assert _commands(zh) == _commands(en)
    assert set(re.findall(r"`(make [a-z-]+)", zh.read_text(encoding="utf-8"))) == set(
        re.findall(r"`(make [a-z-]+)", en.read_text(encoding="utf-8"))
    )


@pytest.mark.parametrize(("zh", "en"), BOTH)
def test_both_lead_to_the_same_pages_and_to_each_other(zh: Path, en: Path) -> None:
    assert _targets(zh) == _targets(en) - {zh.name}
    assert f"]({en.name}" in zh.read_text(encoding="utf-8")
    assert f"]({zh.name}" in en.read_text(encoding="utf-8")


@pytest.mark.parametrize(("zh", "en"), BOTH)
def test_every_row_of_the_chinese_page_is_in_chinese(zh: Path, en: Path) -> None:  # noqa: ARG001
    rows = [line for line in _lines(zh) if line.startswith("| `")]
    assert [row for row in rows if not _CHINESE.search(row.split("|", 2)[2])] == []
