"""How a night's cost follows what changed: `python -m benchmarks.history [ACCOUNTS]`.

A simulated company is loaded and built in full by its first night; the second night brings one day, about 0.2 % of it.
Then the same with a history twice as long. Prints both beside each other, and writes bench.json into the state folder.
"""

from __future__ import annotations

import argparse
import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from benchmarks.figures import keep
from benchmarks.night import run_night
from warehouse.settings import ROOT, load_settings

_COMPANY = ROOT / "examples" / "simulated"


def main() -> None:
    """Measure one size, with its history once and twice."""
    parser = argparse.ArgumentParser(prog="benchmarks.history", description=__doc__)
    parser.add_argument("accounts", type=int, nargs="?", default=20000)
    given = parser.parse_args()
    settings = load_settings()
    console = Console()
    result: dict[str, Any] = {"accounts": given.accounts, "histories": []}
    for times in (1, 2):
        home = settings.home.absolute() / "bench" / f"history-{given.accounts}-{times}"
        company, days = _with_history(home, times)
        console.print(f"{given.accounts:,} accounts, {days:,} days: first night, state in {home}")
        full = run_night(home, given.accounts, through="stages", company=company)
        console.print(f"{given.accounts:,} accounts, {days:,} days: the night after")
        night = run_night(home, given.accounts, through="stages", company=company)
        result["histories"].append({"days": days, "full": full, "night": night})
    console.print(_table(result["histories"]))
    (once, twice) = result["histories"]
    for name, seconds in (("the whole night", _whole), ("its transform", _transform)):
        console.print(
            f"{name}: {seconds(once['night']) / seconds(once['full']):.0%} of a full build,"
            f" {seconds(twice['night']) / seconds(once['night']):.2f} times with twice the history"
        )
    console.print(f"written: {keep(settings.home, {'history': result})}")


def _with_history(home: Path, times: int) -> tuple[str, int]:
    """Copy the simulated company with so many times its history; return its folder and the days."""
    folder = home / "simulated"
    if not folder.exists():
        shutil.copytree(_COMPANY, folder)
    file = folder / "company.yml"
    told = yaml.safe_load(_COMPANY.joinpath("company.yml").read_text(encoding="utf-8"))
    first, last = told["simulator"]["first_day"], told["first_as_of"]
    days = ((last - first).days + 1) * times
    longer: date = last - timedelta(days=days - 1)
    text = _COMPANY.joinpath("company.yml").read_text(encoding="utf-8")
    file.write_text(text.replace(f"first_day: {first}", f"first_day: {longer}"), encoding="utf-8")
    return str(folder), days


def _whole(night: dict[str, Any]) -> float:
    return float(night["seconds"])


def _transform(night: dict[str, Any]) -> float:
    return float(sum(stage["seconds"] for stage in night["stages"] if stage["stage"] == "transform"))


def _table(histories: list[dict[str, Any]]) -> Table:
    table = Table(title="seconds", title_justify="left")
    table.add_column("stage")
    for history in histories:
        table.add_column(f"full, {history['days']:,} days", justify="right")
        table.add_column("night after", justify="right")
    nights = [history[kind] for history in histories for kind in ("full", "night")]
    for stages in zip(*(night["stages"] for night in nights), strict=True):
        name = f"{stages[0]['stage']} {stages[0]['part']}".strip()
        table.add_row(name, *(f"{stage['seconds']:.1f}" for stage in stages))
    table.add_row("whole command", *(f"{night['seconds']:.1f}" for night in nights))
    return table


if __name__ == "__main__":
    main()
