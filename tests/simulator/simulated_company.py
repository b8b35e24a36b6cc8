"""A simulated company to write and to ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet as pq

from simulator import SimulationReport, simulate

FIRST_DAY = date(2024, 3, 1)


@dataclass(frozen=True, slots=True)
class Simulated:
    """A simulated company's database and folder."""

    url: str
    folder: Path

    @property
    def crm(self) -> Path:
        return self.folder / "crm"

    @property
    def truth(self) -> Path:
        return self.folder / "truth.parquet"

    def true(self, name: str) -> list[dict[str, Any]]:
        """The rows of a file of the truth behind the CRM."""
        rows: list[dict[str, Any]] = pq.read_table(self.folder / "truth" / f"{name}.parquet").to_pylist()
        return rows

    def accounts_truth(self) -> list[dict[str, Any]]:
        """The rows of the truth about the accounts."""
        rows: list[dict[str, Any]] = pq.read_table(self.truth).to_pylist()
        return rows

    def write(
        self, as_of: date, *, accounts: int = 60, seed: int = 7, first_day: date | None = FIRST_DAY
    ) -> SimulationReport:
        return simulate(
            erp_url=self.url,
            crm_folder=self.crm,
            truth_file=self.truth,
            as_of=as_of,
            accounts=accounts,
            seed=seed,
            first_day=first_day,
        )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(query.encode()).fetchall()

    def value(self, query: str) -> Any:
        return self.rows(query)[0][0]

    def fingerprint(self) -> dict[str, tuple[int, str | None]]:
        """Count and md5 of every table's rows, whatever order they lie in, and of the exported files."""
        tables = self.rows(
            "select schemaname || '.' || tablename from pg_tables where schemaname in ('erp', 'crm') order by 1"
        )
        prints = {}
        for (table,) in tables:
            lines = f"select whole::text as line from {table} as whole"
            count, md5 = self.rows(f"select count(*), md5(string_agg(line, '' order by line)) from ({lines}) as l")[0]
            prints[table] = (count, md5)
        for file in sorted(self.folder.rglob("*.*")):
            prints[file.name] = (file.stat().st_size, file.read_bytes().hex())
        return prints
