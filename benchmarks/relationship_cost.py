"""What relationships and health cost a night: `python -m benchmarks.relationship_cost [ACCOUNTS]`.

Two nights of a simulated company whose history is long enough for a hundred talks an account: the first measures every
day that is told, the second takes them over and measures its own. Of each, the seconds of the models of relationships
and of health are held against those of all models, and against the whole night: models run side by side, so their part
of what dbt took counts.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from psycopg import sql
from rich.console import Console
from rich.table import Table

from benchmarks.figures import keep
from benchmarks.night import run_night
from warehouse.database import Role
from warehouse.house import opened_house
from warehouse.settings import ROOT, load_settings

_COMPANY = ROOT / "examples" / "simulated"
_FIRST_DAY = date(2022, 9, 1)
_FAMILY = ("/relationship/", "/health/")
_SHOWN = 12
_COUNT = sql.SQL("select count(distinct record_id) from raw.{}")


class Cost(NamedTuple):
    """Seconds of a night's models, by name, those of the family by themselves, of all that dbt ran, of the whole night,
    and the load of the machine."""

    family: dict[str, float]
    others: float
    nodes: float
    transform: float
    night: float
    load: tuple[float, float, float]

    @property
    def seconds(self) -> float:
        """Of the family."""
        return sum(self.family.values())

    @property
    def share(self) -> float:
        """The family's part of all models."""
        return self.seconds / (self.seconds + self.others)

    @property
    def share_of_night(self) -> float:
        """The family's part of the whole night's time."""
        return self.seconds / self.nodes * self.transform / self.night


def main() -> None:
    """Print both nights beside each other, with the models that cost most and what the company has."""
    parser = argparse.ArgumentParser(prog="benchmarks.relationship_cost", description=__doc__)
    parser.add_argument("accounts", type=int, nargs="?", default=20000, help="size of the simulated company")
    given = parser.parse_args()
    settings, console = load_settings(), Console(width=120)
    home = settings.home.absolute() / "bench" / f"relationship-cost-{given.accounts}"
    company = _with_long_history(home)
    costs = {}
    for night in ("all measured", "night after"):
        console.print(f"{given.accounts:,} accounts: {night}, state in {home}")
        ran = run_night(home, given.accounts, through="stages", company=company)
        costs[night] = _cost(_newest_target(home), ran)
    console.print(f"the company has {_sizes(home, company)}")
    console.print(_table(costs))
    figures = {
        name: {
            "seconds": round(cost.seconds, 1),
            "night": round(cost.night, 1),
            "load": cost.load,
            "share": round(cost.share, 3),
            "share_of_night": round(cost.share_of_night, 3),
        }
        for name, cost in costs.items()
    }
    console.print(f"written: {keep(settings.home, {'relationship_cost': {'accounts': given.accounts} | figures})}")


def _with_long_history(home: Path) -> str:
    """Copy the simulated company, living since the first day; return its folder."""
    folder = home / "simulated"
    if not folder.exists():
        shutil.copytree(_COMPANY, folder)
        file = folder / "company.yml"
        text = file.read_text(encoding="utf-8")
        before, _, after = text.partition("first_day: ")
        file.write_text(f"{before}first_day: {_FIRST_DAY}{after[len('2024-03-01') :]}", encoding="utf-8")
    return str(folder)


def _newest_target(home: Path) -> Path:
    return max(home.rglob("run_results.json"), key=lambda file: file.stat().st_mtime).parent


def _cost(target: Path, ran: dict[str, Any]) -> Cost:
    """Read what dbt says of the seconds of each model."""
    nodes = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    results: list[dict[str, Any]] = json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
    seconds = {each["unique_id"]: float(each["execution_time"]) for each in results}
    models = {name: spent for name, spent in seconds.items() if nodes.get(name, {}).get("resource_type") == "model"}
    family = {
        nodes[name]["name"]: spent
        for name, spent in models.items()
        if any(folder in nodes[name]["original_file_path"] for folder in _FAMILY)
    }
    return Cost(
        family=family,
        others=sum(models.values()) - sum(family.values()),
        nodes=sum(seconds.values()),
        transform=sum(stage["seconds"] for stage in ran["stages"] if stage["stage"] == "transform"),
        night=float(ran["seconds"]),
        load=os.getloadavg(),
    )


def _sizes(home: Path, company: str) -> str:
    settings = load_settings({"GUANXI_HOME": str(home), "GUANXI_COMPANY": company})
    with opened_house(settings) as house, house.warehouse.connect(Role.TRANSFORMER) as connection:
        counts = {
            table: connection.execute(_COUNT.format(sql.Identifier(table))).fetchone()
            for table in ("accounts", "contacts", "interactions")
        }
    return ", ".join(f"{row[0]:,} {table}" for table, row in counts.items() if row is not None)


def _table(costs: dict[str, Cost]) -> Table:
    table = Table("model", *(f"{name}, s" for name in costs), title="seconds of models", title_justify="left")
    first = next(iter(costs.values()))
    for model in sorted(first.family, key=lambda name: -first.family[name])[:_SHOWN]:
        table.add_row(model, *(f"{cost.family.get(model, 0):.1f}" for cost in costs.values()))
    table.add_section()
    table.add_row("relationships and health", *(f"{cost.seconds:.1f}" for cost in costs.values()))
    table.add_row("all other models", *(f"{cost.others:.1f}" for cost in costs.values()))
    table.add_row("share of all models", *(f"{cost.share:.0%}" for cost in costs.values()))
    table.add_row("whole night", *(f"{cost.night:.1f}" for cost in costs.values()))
    table.add_row("share of the whole night", *(f"{cost.share_of_night:.0%}" for cost in costs.values()))
    table.add_row("load of the machine", *(" ".join(f"{each:.1f}" for each in cost.load) for cost in costs.values()))
    return table


if __name__ == "__main__":
    main()
