"""A tiny company, its files, and its house: what a person sees who works in it at the command line."""

from __future__ import annotations

import csv
import dataclasses
import gzip
import io
import random
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tests.night.house_for_nights import NightHouse
from warehouse.database import Role, Warehouse
from warehouse.house import secret, with_database
from warehouse.migrate import create_database

FOLDER = Path(__file__).resolve().parents[1] / "data" / "corner_shop"
FIRST_DAY, GOOD_DAY, NEXT_DAY = date(2024, 9, 2), date(2025, 10, 31), date(2025, 11, 1)
GOOD_RUN = "good"
MANAGERS = ("mei", "otto", "nadia")  # nadia has no address
CUSTOMERS = ["number", "名称", "region", "size", "manager", "since"]
SALES = ["receipt", "line", "customer", "day", "item", "pieces", "amount"]
PARTS = ("seen:", "expected:", "next:")


def customers() -> list[list[str]]:
    return [
        [f"K{number:02}", f"青石茶行 {number}", ("north", "south")[number % 2], ("small", "large")[number % 2],
         MANAGERS[number % 3], (FIRST_DAY - timedelta(days=number)).isoformat()]
        for number in range(1, 31)
    ]  # fmt: skip


def sales() -> list[list[str]]:
    """Each customer buys every few weeks; half of them stop, one after the other, in the year before the good day."""
    dice = random.Random(30)
    rows = []
    for number in range(1, 31):
        day, last = FIRST_DAY + timedelta(days=number), GOOD_DAY - timedelta(days=8 * number if number % 2 else 0)
        while day <= last:
            receipt = f"R{number:02}-{day:%y%m%d}"
            for line in range(1, 3):
                pieces = dice.randint(1, 9)
                rows.append([receipt, f"{receipt}-{line}", f"K{number:02}", day.isoformat(), f"tea-{line}",
                             str(pieces), f"{pieces * 12.5:.2f}"])  # fmt: skip
            day += timedelta(days=dice.randint(10, 35))
    return rows


def write_csv(file: Path, header: Sequence[str], rows: Iterable[Sequence[str]], *, encoding: str = "utf-8") -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows])
    content = text.getvalue().encode(encoding)
    file.write_bytes(gzip.compress(content, mtime=0) if file.suffix == ".gz" else content)


def write_files(folder: Path) -> None:
    """Write the company's files up to the good day."""
    write_csv(folder / "customers.csv", CUSTOMERS, customers())
    staff = [["mei", "梅", "mei@example.com", "zh"], ["otto", "Otto", "otto@example.com", "en"]]
    write_csv(folder / "staff.csv", ["id", "name", "email", "language"], [*staff, ["nadia", "Nadia", "", "en"]])
    write_csv(folder / "sales_old.csv.gz", SALES, sales())


@dataclass(frozen=True, slots=True)
class State:
    """What a command that was refused must leave alone."""

    raw_rows: dict[str, int]
    live: tuple[Any, ...] | None
    checksums: dict[str, tuple[Any, ...]]
    seen_by_readers: int


@dataclass(frozen=True, slots=True)
class Shop:
    """The company's state folder and one database of its server."""

    home: Path
    database_url: str = field(repr=False)
    settings: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def with_settings(self, **settings: object) -> Shop:
        given = tuple((name, str(value)) for name, value in settings.items())
        return dataclasses.replace(self, settings=(*self.settings, *given))

    def copy(self, name: str) -> Shop:
        """Return this house with a copy of its database, which nobody else will see."""
        with psycopg.connect(with_database(self.database_url, "postgres"), autocommit=True) as connection:
            original = self.warehouse.database
            connection.execute(
                sql.SQL("create database {} template {} strategy file_copy").format(
                    sql.Identifier(name), sql.Identifier(original)
                )
            )
        return self._at(name)

    def empty_database(self, name: str) -> Shop:
        create_database(with_database(self.database_url, "postgres"), name)
        return self._at(name)

    def _at(self, name: str) -> Shop:
        url = with_database(self.database_url, name)
        return dataclasses.replace(self, database_url=url).with_settings(GUANXI_WAREHOUSE_URL=url)

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.database_url, secret(self.home, "role_secret"))

    @property
    def house(self) -> NightHouse:
        return NightHouse(self.home, self.settings)

    def succeed(self, *words: str) -> str:
        return self.house.succeed(*words)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with self.warehouse.connect_admin() as connection:
            return connection.execute(statement.encode()).fetchall()

    def state(self) -> State:
        tables = [name for (name,) in self.query("select tablename from pg_tables where schemaname = 'raw'")]
        with self.warehouse.connect(Role.READER) as connection:
            live = connection.execute("select gen, as_of from bi.data_version").fetchone()
            marts = connection.execute("select mart, row_count, checksum from bi.mart_checksums").fetchall()
            row = connection.execute("select count(*) from bi.fct_account_rfm").fetchone()
        return State(
            raw_rows={table: self.query(f"select count(*) from raw.{table}")[0][0] for table in tables},
            live=live,
            checksums={mart: (rows, checksum) for mart, rows, checksum in marts},
            seen_by_readers=0 if row is None else row[0],
        )

    def refused(self, *words: str, status: int = 1) -> str:
        """Run a command that must be refused in four lines and change nothing; return what it said on stderr."""
        before = self.state()
        done = self.house.run(*words)
        said = well_said(done, status=status)
        self.no_secret_in(done.stdout + done.stderr)
        assert self.state() == before
        return said

    def no_secret_in(self, text: str) -> None:
        passwords = [self.warehouse.password(role.value) for role in Role]
        passwords.append((self.home / "postgres" / "password").read_text(encoding="utf-8").strip())
        assert not [each for each in passwords if each in text]


def well_said(done: subprocess.CompletedProcess[str], *, status: int) -> str:
    """Return stderr, which must be one problem in four lines: the thing, then what was seen, expected, and is next."""
    said = done.stderr
    assert done.returncode == status, done.stdout[-2000:] + said[-2000:]
    assert "Traceback" not in said + done.stdout
    lines = said.strip().splitlines()
    assert lines[0].startswith("error: "), said
    assert lines[0] != "error: "
    # a closed gate lists each broken promise on a line of its own
    assert [line.split()[0] for line in lines[1:] if line.startswith("  ") and line[2] != " "] == list(PARTS), said
    return said
