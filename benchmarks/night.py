"""Seconds and peak memory of each stage of a warm night: `make bench`, or `python -m benchmarks.night`.

For each size: a first night loads the history, then a second night of the same simulated company is measured.
Prints a table and writes bench.json into the state folder.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.figures import keep
from warehouse.database import Role
from warehouse.house import opened_house
from warehouse.settings import load_settings

# What starting the frameworks costs, whatever the data: one import each in a fresh process, in the same run.
_FRAMEWORKS = {
    "airflow": ("airflow.sdk",),
    "arrow and adbc": ("adbc_driver_postgresql.dbapi",),
    "great_expectations": ("great_expectations",),
    "dbt": ("dbt.cli.main",),
    "scikit-learn": ("sklearn.ensemble",),
}


def main() -> None:
    """Measure the sizes on the command line, 2,000 and 20,000 accounts when none is given."""
    parser = argparse.ArgumentParser(prog="benchmarks.night", description=__doc__)
    parser.add_argument("accounts", type=int, nargs="*", default=[2000, 20000])
    parser.add_argument("--through", choices=("airflow", "stages"), default="airflow")
    given = parser.parse_args()
    settings = load_settings()
    console = Console()
    result: dict[str, Any] = {
        "imports_seconds": {name: _import_seconds(modules) for name, modules in _FRAMEWORKS.items()},
        "nights": [],
    }
    for accounts in given.accounts:
        home = settings.home.absolute() / "bench" / str(accounts)
        console.print(f"{accounts:,} accounts: first night (loads the history), state in {home}")
        first = run_night(home, accounts, through=given.through)
        console.print(f"{accounts:,} accounts: warm night")
        warm = run_night(home, accounts, through=given.through)
        result["nights"].append({"accounts": accounts, "first": first, "warm": warm})
        console.print(_table(accounts, first, warm))
    file = keep(settings.home, result)
    console.print(f"imports: {result['imports_seconds']}")
    console.print(f"written: {file}")


def _import_seconds(modules: tuple[str, ...]) -> float:
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", "import " + ",".join(modules)], check=True, capture_output=True)
    return round(time.monotonic() - started, 1)


def run_night(
    home: Path,
    accounts: int,
    *,
    through: str,
    company: str = "examples/simulated",
    as_of: date | None = None,
    data: Path | None = None,
) -> dict[str, Any]:
    """Run the next night of a company, or that of `as_of`; return its seconds, its peak memory, those of its stages.

    `accounts` is the size of a simulated company, `data` the folder of one that reads files.
    """
    environment = dict(os.environ) | {"GUANXI_HOME": str(home), "GUANXI_COMPANY": company}
    environment |= {"GUANXI_ACCOUNTS": str(accounts)} if accounts else {}
    environment |= {"GUANXI_DATA": str(data)} if data else {}
    day = ["--as-of", as_of.isoformat()] if as_of else []
    guanxi = Path(sys.executable).with_name("guanxi")
    home.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with (home / "night.log").open("w", encoding="utf-8") as log:
        done = subprocess.run(
            [str(guanxi), "nightly", "--through", through, *day],
            env=environment, stdout=log, stderr=log, check=False,
        )  # fmt: skip
    seconds = time.monotonic() - started
    if done.returncode != 0:
        sys.stderr.write(f"the night failed; read {home / 'night.log'}\n")
        raise SystemExit(1)
    return {
        "seconds": round(seconds, 1),
        "peak_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
        "stages": _stages(home, company),
    }


def _stages(home: Path, company: str) -> list[dict[str, Any]]:
    settings = load_settings({"GUANXI_HOME": str(home), "GUANXI_COMPANY": company})
    with opened_house(settings) as house, house.warehouse.connect(Role.PUBLISHER) as connection:
        rows = connection.execute(
            "select stage, part, seconds, peak_mb from ops.stage_runs"
            " where gen = (select max(gen) from ops.runs) order by started_at"
        ).fetchall()
    return [
        {"stage": stage, "part": part, "seconds": float(seconds), "peak_mb": peak}
        for stage, part, seconds, peak in rows
    ]


def _table(accounts: int, first: dict[str, Any], warm: dict[str, Any]) -> Table:
    table = Table(title=f"{accounts:,} accounts", title_justify="left")
    for name in ("stage", "first night, s", "warm night, s", "warm, peak MB"):
        table.add_column(name, justify="left" if name == "stage" else "right")
    for before, after in zip(first["stages"], warm["stages"], strict=True):
        label = f"{after['stage']} {after['part']}".strip()
        table.add_row(label, f"{before['seconds']:.1f}", f"{after['seconds']:.1f}", f"{after['peak_mb']:,}")
    table.add_row("whole command", f"{first['seconds']:.1f}", f"{warm['seconds']:.1f}", f"{warm['peak_mb']:,}")
    return table


if __name__ == "__main__":
    main()
