"""A company of its own for the browser: one night, an account manager with a login, and a Superset that runs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bi.description import Dashboard
from bi.superset_home import ENVIRONMENT
from tests.conftest import ROOT, reachable_folder
from warehouse.embedded import free_port
from warehouse.house import House, opened_house
from warehouse.settings import load_settings

COMPANY = "examples/simulated"
MANAGER = "M0001"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
STARTS_WITHIN_SECONDS = 240


@dataclass(frozen=True)
class RunningSuperset:
    """A Superset that serves the night in `house`; `pictures` is where the browser keeps what it saw."""

    house: House
    url: str
    pictures: Path
    admin: tuple[str, str]
    manager: tuple[str, str]

    def sql(self, query: str) -> Any:
        """Return the first value that the database gives its administrator."""
        with self.house.warehouse.connect_admin() as connection:
            row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.house.warehouse.connect_admin() as connection:
            return connection.execute(query.encode()).fetchall()

    def look(
        self,
        login: tuple[str, str],
        boards: Sequence[Dashboard],
        *,
        picture: str = "",
        query: str = "",
        forbidden: Sequence[str] = (),
        datasets: Mapping[str, int] | None = None,
    ) -> dict[str, Any]:
        """Open dashboards in a browser as somebody, and return what was seen of each.

        `picture` begins the name of what is kept, `query` is the page's own, `forbidden` are addresses to knock at,
        `datasets` those to ask directly, by name and id.
        """
        wanted = {
            "url": self.url, "user": login[0], "password": login[1], "browser": browser(), "folder": str(self.pictures),
            "forbidden": list(forbidden),
            "datasets": dict(datasets or {}),
            "dashboards": [
                {
                    "slug": board.slug,
                    "query": query,
                    "picture": picture + board.slug.removeprefix("guanxi-"),
                    "charts": len(list(board.charts)),
                    "height": 150 + sum(row[0].height * 8 + 26 for row in board.rows),
                }
                for board in boards
            ],
        }  # fmt: skip
        done = subprocess.run(
            [str(ENVIRONMENT / "bin" / "python"), str(Path(__file__).with_name("look.py"))],
            input=json.dumps(wanted), capture_output=True, text=True, check=False, timeout=900,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        seen: dict[str, Any] = json.loads(done.stdout)
        return seen


def browser() -> str:
    """Return the browser's program; without one these tests cannot say anything."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    assert found, "install Debian's chromium and fonts-noto-cjk"
    return found


@pytest.fixture(scope="session")
def superset() -> Iterator[RunningSuperset]:
    """Run a night, give M0001 a login, start Superset with `guanxi bi up`, and stop it with SIGINT."""
    kept = os.environ.get("BI_TEST_HOME")
    with reachable_folder("guanxi-bi-") as made:
        home = Path(kept) if kept else made
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GUANXI_")},
            "GUANXI_HOME": str(home), "GUANXI_COMPANY": COMPANY, "GUANXI_BI_PORT": str(free_port()),
        }  # fmt: skip
        guanxi = str(Path(sys.executable).with_name("guanxi"))
        if not (home / "postgres").exists():
            _run([guanxi, "nightly", "--accounts", "200"], environment)
        told = _run([guanxi, "bi", "login", MANAGER], environment)
        password = next(line.split()[-1] for line in told.splitlines() if line.startswith("password"))
        pictures = home / "pictures"
        pictures.mkdir(exist_ok=True)
        with opened_house(load_settings(environment)) as house, _served(guanxi, environment) as url:
            login = (house.folder / "bi" / "secrets" / "login").read_text(encoding="utf-8")
            yield RunningSuperset(house, url, pictures, ("admin", login), (MANAGER, password))


class _served:  # noqa: N801 - used as a block
    """A Superset that was started as a person starts it."""

    def __init__(self, guanxi: str, environment: dict[str, str]) -> None:
        self.port = environment["GUANXI_BI_PORT"]
        self.process = subprocess.Popen(
            [guanxi, "bi", "up"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def __enter__(self) -> str:
        url = f"http://127.0.0.1:{self.port}"
        deadline = time.monotonic() + STARTS_WITHIN_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with urllib.request.urlopen(url + "/health", timeout=5):
                    return url
            except OSError:
                time.sleep(1)
        self.__exit__()
        raise AssertionError(self.process.stdout.read() if self.process.stdout else "")

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


def _run(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=1200)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout
