"""The nights' pages inside Airflow: who may see them, and that nothing else of the state folder can be had."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.dags.conftest import DAGS, ROOT


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The pages of a house with one page and a log beside it."""
    monkeypatch.setenv("GUANXI_HOME", str(tmp_path))
    monkeypatch.setenv("GUANXI_COMPANY", str(ROOT / "tests" / "data" / "tiny"))
    night = tmp_path / "company" / "tiny" / "runs" / "night-1"
    night.mkdir(parents=True)
    (night / "report.html").write_text("the page")
    (night / "airflow.log").write_text("a log")
    (tmp_path / "company" / "tiny" / "secret.html").write_text("no page of a night")
    (night / "out.html").symlink_to(tmp_path / "company" / "tiny" / "secret.html")
    from dags.dag_support import pages

    return pages


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(DAGS / "plugins"))
    yield importlib.import_module("night_pages")
    sys.modules.pop("night_pages", None)


def test_a_page_is_shown_and_may_run_no_script(pages: Any) -> None:
    shown = pages.page("night-1/report.html")
    assert Path(shown.path).read_text() == "the page"
    assert shown.headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize(
    "path",
    ["night-1/airflow.log", "../secret.html", "night-1/../../secret.html", "/etc/hosts.html", "night-1", "no.html",
     "night-1/out.html"],
)  # fmt: skip
def test_nothing_but_pages_below_the_runs_can_be_had(pages: Any, path: str) -> None:
    with pytest.raises(Exception, match="no such page"):
        pages.page(path)


@pytest.mark.parametrize("path", ["/", "/night-1/report.html"])
def test_who_is_not_logged_in_sees_nothing(pages: Any, plugin: Any, path: str) -> None:
    from fastapi.testclient import TestClient

    assert pages
    answer = TestClient(plugin.LatePages(), follow_redirects=False).get(path)
    assert answer.status_code in {401, 403}
    assert "the page" not in answer.text


def test_every_way_to_the_pages_asks_who_it_is(pages: Any) -> None:
    routes = [route for route in pages.app.routes if hasattr(route, "dependencies")]
    assert len(routes) == 2
    assert all(route.dependencies == [pages.may_see_runs] for route in routes)


def test_the_plugin_mounts_the_pages_and_costs_tasks_nothing(plugin: Any) -> None:
    from dags.dag_support import pages

    (mounted,) = plugin.NightPages.fastapi_apps
    assert mounted["url_prefix"] == pages.PREFIX == plugin.PREFIX
    program = "import sys, airflow.plugins_manager; before = set(sys.modules); import night_pages;"
    program += " print(sorted({name.split('.')[0] for name in set(sys.modules) - before}))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=DAGS / "plugins", capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "['night_pages']"


@pytest.mark.parametrize(
    ("named", "link"),
    [("night-2026-03-31", "/nights/night-2026-03-31/report.html"),
     (None, "/nights/scheduled__2026-03-31T17_30_00_00_00/report.html")],
)  # fmt: skip
def test_the_button_of_the_last_task_leads_to_the_page(named: str | None, link: str) -> None:
    from dags.dag_support.telling import NightPageLink

    operator = SimpleNamespace(night_run_id=named)
    key = SimpleNamespace(run_id="scheduled__2026-03-31T17:30:00+00:00")
    assert NightPageLink().get_link(operator, ti_key=key) == link
