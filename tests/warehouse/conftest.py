"""A warehouse with the core's own tables and three small marts; no room of the house is needed for it."""

from __future__ import annotations

import fcntl
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.conftest import ROLE_SECRET, reachable_folder
from tests.warehouse.nights import MARTS, Hand, hand_of
from warehouse.database import Warehouse
from warehouse.embedded import EmbeddedServer
from warehouse.house import with_database
from warehouse.migrate import create_database, migrate
from warehouse.published_tables import ensure_published_tables

CORE = "core_template"


@pytest.fixture(scope="session")
def core_template(server_url: str, shared_folder: Path) -> str:
    """The database that `core` is copied from, made once a run."""
    with (shared_folder / "core.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = shared_folder / "core.done"
        if not done.exists():
            create_database(server_url, CORE)
            warehouse = Warehouse(with_database(server_url, CORE), ROLE_SECRET)
            migrate(warehouse, company_id="tiny")
            with warehouse.connect_admin() as connection:
                ensure_published_tables(connection, MARTS)
            done.touch()
    return CORE


@pytest.fixture
def core(server_url: str, core_template: str) -> Iterator[Warehouse]:
    """A migrated warehouse with three published marts and nothing in them."""
    name = f"core_{uuid.uuid4().hex[:12]}"
    database = sql.Identifier(name)
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("create database {} template {} strategy file_copy").format(database, sql.Identifier(core_template))
        )
        # rights on the database itself are not copied
        connection.execute(
            sql.SQL("grant create, temporary on database {} to guanxi_owner, guanxi_loader, guanxi_transformer").format(
                database
            )
        )
    yield Warehouse(with_database(server_url, name), ROLE_SECRET)
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(database))


@pytest.fixture
def hand(core: Warehouse, tmp_path: Path) -> Iterator[Hand]:
    """A hand that works on the nights of `core`."""
    with hand_of(core, tmp_path) as hand:
        yield hand


@pytest.fixture(scope="session")
def own_folder() -> Iterator[Path]:
    """A folder that the system user of an embedded server can reach, also while another pytest runs."""
    with reachable_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def own_server(own_folder: Path) -> EmbeddedServer:
    """A made, stopped server for tests that start, stop or spoil one. Mark them: xdist_group("own server")."""
    server = EmbeddedServer(own_folder / "postgres", options=(("fsync", "off"), ("shared_buffers", "32MB")))
    with server.leased():
        pass
    return server
