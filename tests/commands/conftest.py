"""One published night of a tiny company, made once, with its server kept running between the commands."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.corner_shop import FOLDER, GOOD_DAY, GOOD_RUN, Shop, write_files
from tests.conftest import reachable_folder
from tests.night.house_for_nights import GUANXI, NightHouse
from warehouse.embedded import EmbeddedServer, free_port
from warehouse.house import with_database

# nothing of it must survive the run
OPTIONS = (("fsync", "off"), ("full_page_writes", "off"))
STAGES_TO_PUBLISH = ("extract", "check raw", "transform", "check marts", "score", "check scores", "publish")


@pytest.fixture(scope="session")
def good_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corner-shop")
    write_files(folder)
    return folder


@pytest.fixture(scope="session")
def shop(good_files: Path) -> Iterator[Shop]:
    """A house with one published night that has not been delivered, walked stage by stage."""
    with reachable_folder() as home, EmbeddedServer(home / "postgres", options=OPTIONS).leased() as server_url:
        shop = Shop(home, with_database(server_url, "guanxi_corner_shop")).with_settings(
            GUANXI_COMPANY=FOLDER, GUANXI_DATA=good_files
        )
        shop.succeed("open", "--run-id", GOOD_RUN, "--as-of", GOOD_DAY.isoformat())
        for stage in STAGES_TO_PUBLISH:
            shop.succeed(*stage.split(), "--run-id", GOOD_RUN)
        yield shop


@pytest.fixture(scope="session")
def empty_home() -> Iterator[NightHouse]:
    """A house that nobody has been in, of the company that is meant when none is named."""
    with reachable_folder() as home:
        yield NightHouse(home)


@pytest.fixture
def files(good_files: Path, tmp_path: Path) -> Path:
    """A copy of the company's files to spoil."""
    return Path(shutil.copytree(good_files, tmp_path / "files"))


@pytest.fixture(scope="session")
def dead_post(shop: Shop) -> Iterator[tuple[Shop, subprocess.Popen[str]]]:
    """A delivery to a mail server that does not answer. It tries for minutes, so it does that beside the others."""
    other = shop.copy("dead_post").with_settings(GUANXI_SMTP_URL=f"smtp://127.0.0.1:{free_port()}")
    words = [str(GUANXI), "deliver", "--run-id", GOOD_RUN]
    with subprocess.Popen(
        words, env=other.house.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        yield other, process
        if process.poll() is None:
            os.kill(process.pid, signal.SIGINT)
