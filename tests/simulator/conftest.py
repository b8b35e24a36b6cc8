"""Simulated companies to ask questions of."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.simulator.simulated_company import Simulated
from warehouse.house import with_database


@pytest.fixture
def company(scratch_database: str, tmp_path: Path) -> Simulated:
    """A company not yet written."""
    return Simulated(scratch_database, tmp_path / "company")


@pytest.fixture
def other_company(server_url: str, tmp_path: Path) -> Iterator[Simulated]:
    """A second one, to compare with."""
    with _database(server_url) as url:
        yield Simulated(url, tmp_path / "other")


@pytest.fixture(scope="module")
def grown_company(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    """600 accounts and 28 months, to be read only."""
    with _database(server_url) as url:
        company = Simulated(url, tmp_path_factory.mktemp("grown"))
        company.write(date(2026, 6, 30), accounts=600)
        yield company


@contextmanager
def _database(server_url: str) -> Iterator[str]:
    name = f"test_simulated_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    yield with_database(server_url, name)
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
