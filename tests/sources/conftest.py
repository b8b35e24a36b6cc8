"""A workshop for each test: a company of one source, and its warehouse."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import openpyxl
import pytest

from tests.servers.mariadb import MariadbServer, find_mariadbd, running_mariadb
from tests.sources.workshop import LINES, ORDER_LINES, Workshop
from warehouse.database import Warehouse


@pytest.fixture
def workshop(warehouse: Warehouse, tmp_path: Path) -> Workshop:
    """A company whose one source is a folder of order lines."""
    return Workshop(
        warehouse, tmp_path, copy.deepcopy({"datasets": {"lines": LINES}, "entities": {"order_lines": ORDER_LINES}})
    )


@pytest.fixture
def day_file(workshop: Workshop) -> Callable[..., Path]:
    """Writes a CSV of order lines: (order, customer, day, amount) each."""

    def write(name: str, *rows: tuple[object, ...]) -> Path:
        return workshop.csv(name, ["order,customer,day,amount", *(",".join(map(str, row)) for row in rows)])

    return write


@pytest.fixture
def write_xlsx(workshop: Workshop) -> Callable[..., Path]:
    """Writes a spreadsheet of the given rows."""

    def write(name: str, rows: list[list[object]], *, sheet: str = "Sheet1") -> Path:
        book = openpyxl.Workbook()
        page = book.active
        page.title = sheet
        for row in rows:
            page.append(row)
        book.save(workshop.data / name)
        return workshop.data / name

    return write


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariadbServer]:
    """One MariaDB for all tests of the group `mariadb`; each makes its own database, and drops it."""
    with running_mariadb(mariadbd()) as server:
        yield server


def mariadbd() -> Path:
    """Return MariaDB's program; without it the test is skipped, and fails where CI=true."""
    program = find_mariadbd()
    if program is None:
        reason = "no mariadbd here: apt-get install mariadb-server-core"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return program
