"""One real PostgreSQL for the whole run, shared by its workers; a database of its own for each test that asks."""

from __future__ import annotations

import fcntl
import gc
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from warehouse.commands.prepare import prepare
from warehouse.company import Company, load_company
from warehouse.database import Warehouse
from warehouse.embedded import EmbeddedServer
from warehouse.house import with_database
from warehouse.migrate import create_database

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = "guanxi_template"
ROLE_SECRET = "only for tests"


@contextmanager
def reachable_folder(prefix: str = "guanxi-test-") -> Iterator[Path]:
    """A folder that PostgreSQL can enter when it runs as another user, because we are root; pytest's own it cannot."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def shared_folder(request: pytest.FixtureRequest) -> Path:
    """A folder that all workers of this run see."""
    workerinput = getattr(request.config, "workerinput", None)
    run = uuid.uuid4().hex if workerinput is None else str(workerinput["testrunuid"])
    folder = Path(tempfile.gettempdir()) / f"guanxi-tests-{run}"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    return folder


@pytest.fixture(scope="session")
def server_url(shared_folder: Path) -> Iterator[str]:
    """The administrator's URL of a running PostgreSQL. Nothing of it must survive the run: fsync is off."""
    options = (("fsync", "off"), ("full_page_writes", "off"), ("max_connections", "300"))
    server = EmbeddedServer(shared_folder / "postgres", options=options)
    with server.leased() as url:
        yield url
    if not server.is_running():
        shutil.rmtree(shared_folder, ignore_errors=True)


@pytest.fixture(scope="session")
def test_company() -> Company:
    return load_company(str(ROOT / "tests" / "data" / "tiny"))


@pytest.fixture(scope="session")
def template_database(server_url: str, shared_folder: Path, test_company: Company) -> str:
    """A prepared, empty warehouse, made once a run and copied for each test."""
    with (shared_folder / "template.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = shared_folder / "template.done"
        if not done.exists():
            create_database(server_url, TEMPLATE)
            warehouse = Warehouse(with_database(server_url, TEMPLATE), ROLE_SECRET)
            prepare(warehouse, test_company)
            with warehouse.connect_admin() as connection:
                connection.execute("delete from ops.company")
            done.touch()
    return TEMPLATE


@pytest.fixture
def scratch_database(server_url: str) -> Iterator[str]:
    """The URL of an empty database."""
    yield from _database(server_url, template="template1")


@pytest.fixture
def warehouse(server_url: str, template_database: str) -> Iterator[Warehouse]:
    """A prepared warehouse with nothing in it."""
    yield from copied_warehouse(server_url, template_database)


@pytest.fixture
def other_warehouse(server_url: str, template_database: str) -> Iterator[Warehouse]:
    """A second one, to be compared with the first."""
    yield from copied_warehouse(server_url, template_database)


def copied_warehouse(server_url: str, template: str) -> Iterator[Warehouse]:
    """Give a copy of a prepared warehouse, gone afterwards."""
    for url in _database(server_url, template=template):
        warehouse = Warehouse(url, ROLE_SECRET)
        _grant_like_migrations(warehouse)
        yield warehouse


def _database(server_url: str, *, template: str) -> Iterator[str]:
    """Copy a database as its files: less than half the work of writing each of its pages to the log."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("create database {} template {} strategy file_copy").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    yield with_database(server_url, name)
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def _grant_like_migrations(warehouse: Warehouse) -> None:
    """Rights on a database are not part of its template's copy."""
    with warehouse.connect_admin() as connection:
        name = sql.Identifier(warehouse.database)
        connection.execute(sql.SQL("grant connect on database {} to public").format(name))
        builders = "guanxi_owner, guanxi_loader, guanxi_transformer"
        connection.execute(sql.SQL("grant create, temporary on database {} to " + builders).format(name))
        connection.execute(sql.SQL("grant temporary on database {} to guanxi_checker").format(name))


# The longest chains of tests, in the order in which workers take them: none must start when all else has ended.
LONGEST_FIRST = (
    "tests/night/test_simulated_nights",
    "tests/stack/test_real_scheduler",
    "tests/commands/test_bad_input_files",
    "tests/commands/test_erase",
    "tests/commands/test_review",
    "tests/night/test_online_retail",
    "tests/night/test_systems_as_sources",
    "tests/marts/test_dbt_build",
    "tests/marts/test_carrying",
    "tests/dags/test_once",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the workers begin with what takes minutes, then chains, then slow tests; small ones fill the rest."""
    items.sort(key=_place)


def _place(item: pytest.Item) -> tuple[int, int]:
    named = (place for place, start in enumerate(LONGEST_FIRST) if item.nodeid.startswith(start))
    is_chained, is_slow = (item.get_closest_marker(name) is not None for name in ("xdist_group", "slow"))
    return next(named, len(LONGEST_FIRST)), 0 if is_chained else 1 if is_slow else 2


def pytest_collection_finish() -> None:
    """Leave what the imports made, a million objects that last, out of every later search for garbage."""
    gc.freeze()
