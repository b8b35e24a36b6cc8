"""A MariaDB with one table of sales, made anew for each test."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from tests.servers.mariadb import MariadbServer
from tests.sources.mysql.shop import ROWS, SOURCE, TABLE
from tests.sources.workshop import Workshop


@pytest.fixture
def erp(workshop: Workshop, mariadb: MariadbServer) -> Iterator[str]:
    workshop.source = copy.deepcopy(SOURCE)
    mariadb.execute("create database `größe 1` character set utf8mb4")
    mariadb.execute("set time_zone = '+00:00'", TABLE, ROWS, database="größe 1")
    yield mariadb.url("gr%C3%B6%C3%9Fe%201")
    mariadb.execute("drop database `größe 1`")


@pytest.fixture
def sql(mariadb: MariadbServer, erp: str) -> Any:
    del erp
    return lambda *statements: mariadb.execute("set time_zone = '+00:00'", *statements, database="größe 1")
