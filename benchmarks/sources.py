"""Rows a second and peak memory for each kind of source, beside a bare COPY: `python -m benchmarks.sources`.

Every kind holds the same order lines and is extracted as a night does it, into a warehouse of its own, by a process
of its own, whose peak memory is told; what the libraries need to be imported is not counted. In the same run the same
columns of the PostgreSQL table go out through `psql` and into another table through `psql`, by COPY, and dlt reads and
lands them. Tables of both sizes are then landed for their memory, and the live systems are read. Prints tables and
writes bench.json into the state folder.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg
import yaml
from rich.console import Console
from rich.table import Table

from benchmarks import lines, systems
from benchmarks.figures import keep
from benchmarks.lines import COLUMNS
from sources.databases.opening import open_database
from sources.extract import extract_source
from sources.loading.landing import land
from sources.mapping.reader import read_mapping
from sources.outside import Outside
from tests.servers.mariadb import find_mariadbd, running_mariadb
from warehouse import ledger
from warehouse.commands.prepare import prepare
from warehouse.company import Company, load_company
from warehouse.database import Role, Warehouse
from warehouse.embedded import EmbeddedServer, binaries
from warehouse.house import with_database
from warehouse.migrate import create_database
from warehouse.night import Claim
from warehouse.settings import load_settings


@dataclass(frozen=True, slots=True)
class Measured:
    """What one reader did. `merge_seconds` is None where nothing was merged, `peak_mb` where nobody looked."""

    name: str
    rows: int
    land_seconds: float
    merge_seconds: float | None = None
    peak_mb: float | None = None


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.sources", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of each kind; a spreadsheet has at most 100,000")
    parser.add_argument("--large", type=int, default=10_000_000, help="of the table that is landed for its memory")
    parser.add_argument("--records", type=int, default=10_000, help="of each live system")
    given = parser.parse_args()
    console = Console(width=120)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        place.chmod(0o755)  # the servers are other users
        with EmbeddedServer(place / "postgres").leased() as server_url:
            found = []
            for measured in _all(given, server_url, place):
                console.print(f"{measured.name}: {measured.rows:,} rows landed in {measured.land_seconds:.1f} s")
                found.append(measured)
    console.print(_table(found))
    by_name = {each.name: each for each in found}
    bare = [each.land_seconds for each in found if each.name.startswith("bare COPY")]
    ratio = sum(bare) / len(bare) / by_name["postgresql, landed"].land_seconds
    console.print(f"rows a second of a PostgreSQL table landed: {ratio:.2f} of a bare COPY's")
    figures = {"sources": [asdict(each) for each in found], "copy_ratio": round(ratio, 2)}
    console.print(f"written: {keep(load_settings().home.absolute(), figures)}")


def _all(given: argparse.Namespace, server_url: str, place: Path) -> Iterator[Measured]:
    rows = given.rows
    erp = lines.fill_postgresql(server_url, rows)
    bench = _Bench(server_url, place)
    yield bare_copy("bare COPY, before", erp, rows)
    yield bench.extracted("postgresql, landed", _database(erp, "erp.lines"), rows, merges=False)
    yield bare_copy("bare COPY, after", erp, rows)
    yield bench.by_dlt(erp, rows)
    yield bench.extracted("postgresql", _database(erp, "erp.lines"), rows)
    files = {kind: place / kind / f"lines.{kind}" for kind in ("csv", "parquet", "xlsx")}
    for file in files.values():
        file.parent.mkdir()
    lines.write_csv(erp, files["csv"])
    lines.write_parquet(files["csv"], files["parquet"])
    sheet_rows = min(rows, 100_000)
    lines.write_xlsx(files["csv"], files["xlsx"], sheet_rows)
    for kind, file in files.items():
        source = {"kind": "files", "path": str(file.parent), "dataset": {"files": ["*"], "mode": "full"}}
        yield bench.extracted(kind, source, sheet_rows if kind == "xlsx" else rows)
    program = find_mariadbd()
    if program is not None:
        with running_mariadb(program) as server:
            yield bench.extracted("mariadb", _database(lines.fill_mariadb(server, rows), "lines"), rows)
    if given.large:
        erp = lines.fill_postgresql(server_url, given.large)
        yield bench.extracted("postgresql, larger, landed", _database(erp, "erp.lines"), given.large, merges=False)
    if given.records:
        for name, seconds, megabytes in systems.measured(given.records, server_url=server_url, place=str(place)):
            yield Measured(name, given.records, seconds, None, megabytes)


def _database(url: str, table: str) -> dict[str, Any]:
    return {"kind": "erp_database", "url": url, "dataset": {"table": table, "mode": "full"}}


def bare_copy(name: str, erp_url: str, count: int) -> Measured:
    """Copy erp.lines out of one psql into another, into columns of text as the landing's."""
    psql = [str(binaries() / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", erp_url, "-c"]
    out_of = f"copy (select {', '.join(COLUMNS)} from erp.lines) to stdout"  # noqa: S608 - our own
    with psycopg.connect(erp_url) as connection:
        connection.execute(f"create table erp.bare ({', '.join(f'{name} text' for name in COLUMNS)})".encode())
    began = time.monotonic()
    with subprocess.Popen([*psql, out_of], stdout=subprocess.PIPE) as out:
        subprocess.run([*psql, "copy erp.bare from stdin"], stdin=out.stdout, check=True)
    seconds = time.monotonic() - began
    with psycopg.connect(erp_url) as connection:
        row = connection.execute("select count(*) from erp.bare").fetchone()
        connection.execute("drop table erp.bare")
    _require(name, 0 if row is None else row[0], count)
    return Measured(name, count, seconds)


@dataclass(frozen=True, slots=True)
class _Bench:
    """A server for warehouses, and a folder for everything else."""

    server_url: str
    place: Path

    def extracted(self, name: str, source: dict[str, Any], count: int, *, merges: bool = True) -> Measured:
        """Extract a source in a process of its own into a new warehouse, or only land it."""
        folder = Path(tempfile.mkdtemp(dir=self.place))
        content = lines.company(source)
        (folder / "company.yml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        with self._new_database(f"warehouse_{folder.name}") as url:
            warehouse = Warehouse(url, "bench")
            prepare(warehouse, load_company(str(folder)))
            rows, land_seconds, merge_seconds, peak = _in_process(_extract if merges else _land, str(folder), warehouse)
        _require(name, rows, count)
        return Measured(name, rows, land_seconds, merge_seconds, peak)

    def by_dlt(self, erp_url: str, count: int) -> Measured:
        """Read and land the same table by dlt alone, column-wise."""
        with self._new_database("by_dlt") as url:
            rows, seconds, peak = _in_process(_dlt, erp_url, url, str(self.place))
        _require("dlt", rows, count)
        return Measured("postgresql, landed by dlt", rows, seconds, None, peak)

    @contextlib.contextmanager
    def _new_database(self, name: str) -> Iterator[str]:
        create_database(self.server_url, name)
        yield with_database(self.server_url, name)
        with psycopg.connect(self.server_url, autocommit=True) as connection:
            connection.execute(f'drop database "{name}" with (force)'.encode())


@contextlib.contextmanager
def _claimed(folder: str, warehouse: Warehouse) -> Iterator[tuple[Company, Claim]]:
    from adbc_driver_postgresql import dbapi  # noqa: F401 - imported before the clock starts

    company = load_company(folder)
    night = ledger.open_night(
        warehouse, run_id="bench", as_of=lines.AS_OF, timezone=company.timezone, company_id=company.id,
        runs_folder=Path(folder) / "runs",
    )  # fmt: skip
    with ledger.stage(warehouse, night, "extract", "shop") as claim:
        yield company, claim


def _extract(folder: str, warehouse: Warehouse, results: Any) -> None:
    landed_at: list[float] = []

    def note(text: str) -> None:
        if text.endswith(": landed"):
            landed_at.append(time.monotonic())

    with _claimed(folder, warehouse) as (company, claim):
        began = time.monotonic()
        report = extract_source(
            company, "shop", claim=claim, warehouse=warehouse, outside=Outside(Path(folder) / "tokens"), progress=note
        )
        ended = time.monotonic()
    results.put((report.entities[0].new, landed_at[0] - began, ended - landed_at[0], _peak()))


def _land(folder: str, warehouse: Warehouse, results: Any) -> None:
    with _claimed(folder, warehouse) as (company, claim):
        mapping = read_mapping(company, "shop")
        began = time.monotonic()
        database = open_database(mapping, erp_url=None)
        with database.inspected() as inspection:
            columns = {"lines": inspection.columns_of(mapping.datasets[0])}
        with database.snapshot(columns, progress=lambda _: None, warnings=[]) as snapshot:
            schema = land(snapshot.feeds({}), claim=claim, source="shop", warehouse=warehouse)
        seconds = time.monotonic() - began
        with warehouse.connect(Role.LOADER) as connection:
            row = connection.execute(f"select count(*) from {schema}.d1".encode()).fetchone()  # noqa: S608 - our own
    results.put((0 if row is None else row[0], seconds, None, _peak()))


def _dlt(erp_url: str, target_url: str, place: str, results: Any) -> None:
    os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "PROVIDERS__ENABLE_AIRFLOW_SECRETS": "false"}
    import dlt
    from dlt.sources.sql_database import sql_table

    began = time.monotonic()
    table = sql_table(
        credentials=erp_url, schema="erp", table="lines", included_columns=list(COLUMNS), backend="pyarrow"
    )
    target = dlt.destinations.postgres(target_url)
    dlt.pipeline("bench_lines", pipelines_dir=place, dataset_name="landing", destination=target).run(
        table, loader_file_format="parquet"
    )
    seconds = time.monotonic() - began
    with psycopg.connect(target_url) as connection:
        row = connection.execute("select count(*) from landing.lines").fetchone()
    results.put((0 if row is None else row[0], seconds, _peak()))


def _in_process(work: Callable[..., None], *given: Any) -> Any:
    """Run `work` in a new process; return what it puts into the queue it gets last."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    process = context.Process(target=work, args=(*given, results))
    process.start()
    process.join()
    if process.exitcode != 0:
        raise RuntimeError(f"{work.__name__} ended with {process.exitcode}")
    return results.get(timeout=10)


def _require(name: str, found: int, wanted: int) -> None:
    if found != wanted:
        raise RuntimeError(f"{name} brought {found:,} of {wanted:,} rows")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _table(found: list[Measured]) -> Table:
    table = Table("source", title="sources, to landed and to raw", title_justify="left")
    for name in ("rows", "landed, s", "landed, rows/s", "merge, s", "merge's share", "to raw, rows/s", "peak MB"):
        table.add_column(name, justify="right")
    for each in found:
        merge = each.merge_seconds
        whole = each.land_seconds + (merge or 0)
        table.add_row(
            each.name,
            f"{each.rows:,}",
            f"{each.land_seconds:.1f}",
            f"{each.rows / each.land_seconds:,.0f}",
            "" if merge is None else f"{merge:.1f}",
            "" if merge is None else f"{merge / whole:.0%}",
            "" if merge is None else f"{each.rows / whole:,.0f}",
            "" if each.peak_mb is None else f"{each.peak_mb:,.0f}",
        )
    return table


if __name__ == "__main__":
    main()
