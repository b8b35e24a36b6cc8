"""The churn model beside every rung of the ladder, on real and simulated companies: `make bench-models`.

`online_retail` at every closed month end; `simulated` also beside an oracle that knows the laws of its customers;
`lifetime`, the ways to foresee what customers will bring, on the states of these two; `ravenstack`, in which
almost nobody leaves; `cdnow`, against the published BG/NBD fit; `speed`, 100,000 accounts.
Each company runs one night in a state folder of its own, unless that is there. Prints tables, writes bench.json.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
from rich.console import Console
from rich.table import Table

from benchmarks.figures import keep
from benchmarks.models_cdnow import grade_cdnow
from benchmarks.models_lifetime import grade_lifetime
from benchmarks.models_simulated import beside_oracle
from benchmarks.models_speed import measure_speed
from benchmarks.models_trials import print_trials
from benchmarks.night import run_night
from ml.compare import MODEL
from ml.features import read_training_rows
from ml.grades.grading import METRICS, Grading, NothingToGradeError, grade_days
from ml.grades.ladder import ladder
from ml.grades.sufficiency import judge_sufficiency
from ml.policy import read_capacity
from warehouse.database import Role
from warehouse.house import opened_house
from warehouse.ledger import live_generation
from warehouse.settings import ROOT, load_settings

_COLUMNS = {
    "auc": "AUC", "average_precision": "AP", "top_decile_lift": "lift", "brier": "Brier",
    "calibration_slope": "slope", "calibration_error": "cal. error",
}  # fmt: skip
SIMULATED_ACCOUNTS = 4_000


def main() -> None:
    """Run the parts named on the command line, all when none is."""
    parts: dict[str, Callable[[Console, Path, Path], dict[str, Any]]] = {
        "online_retail": _online_retail, "simulated": _simulated, "ravenstack": _ravenstack, "cdnow": _cdnow,
        "speed": _speed, "lifetime": _lifetime,
    }  # fmt: skip
    parser = argparse.ArgumentParser(prog="benchmarks.models", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(parts))
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder with online_retail and others")
    given = parser.parse_args()
    if unknown := sorted(set(given.parts) - set(parts)):
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(parts)}")
    console = Console(width=130)
    settings = load_settings()
    homes = settings.home.absolute() / "bench"
    figures = {
        name: parts[name](console, homes / f"models-{name}", given.data.absolute()) for name in given.parts or parts
    }
    console.print(f"written: {keep(settings.home, {'models': figures})}")


def _online_retail(console: Console, home: Path, data: Path) -> dict[str, Any]:
    rows, capacity = _rows_of(home, "online_retail", as_of=date(2011, 12, 9), data=data / "online_retail")
    graded = _graded(console, "online_retail", rows, capacity).as_dict()
    return {**graded, "trials": print_trials(console, "online_retail", rows)}


def _simulated(console: Console, home: Path, data: Path) -> dict[str, Any]:  # noqa: ARG001
    rows, capacity = _rows_of(home, "simulated", accounts=SIMULATED_ACCOUNTS)
    grading = _graded(console, "simulated", rows, capacity)
    oracle = beside_oracle(grading, home=home, accounts=SIMULATED_ACCOUNTS)
    console.print(oracle.table())
    trials = print_trials(console, "simulated", rows)
    return {**grading.as_dict(), "oracle": oracle.as_dict(), "trials": trials}


def _ravenstack(console: Console, home: Path, data: Path) -> dict[str, Any]:
    rows, capacity = _rows_of(home, "ravenstack", as_of=date(2024, 12, 31), data=data / "ravenstack")
    found = judge_sufficiency(rows)
    console.print("ravenstack", *found.lines(), sep="\n", highlight=False)
    try:
        grading = _graded(console, "ravenstack", rows, capacity)
    except NothingToGradeError as problem:
        console.print(f"grade: untested, the renewal rule makes the list; {problem.seen}", highlight=False)
        return {"grade": None, "lack": found.lack, "rungs": list(ladder(rows))}
    best = max(grading.methods, key=lambda name: grading.mean(name, "average_precision") or 0.0)
    return {**grading.as_dict(), "best": best}


def _cdnow(console: Console, home: Path, data: Path) -> dict[str, Any]:  # noqa: ARG001
    figures = grade_cdnow()
    table = Table(title="CDNOW, repeat order days in weeks 40 to 78, learned from weeks 1 to 39", title_justify="left")
    for name in ("method", "foreseen", "happened", "off by", "mean error a customer"):
        table.add_column(name, justify="left" if name == "method" else "right")
    for method, each in figures["methods"].items():
        foreseen, happened = each["foreseen"], figures["happened"]
        off, error = f"{foreseen / happened - 1:+.1%}", f"{each['mean_absolute_error']:.4f}"
        table.add_row(method, f"{foreseen:,.0f}", f"{happened:,}", off, error)
    console.print(table)
    return figures


def _speed(console: Console, home: Path, data: Path) -> dict[str, Any]:  # noqa: ARG001
    figures = measure_speed(home)
    table = Table("what", "seconds", "peak MB", title="100,000 accounts, from built marts", title_justify="left")
    for what, each in figures.items():
        table.add_row(what, f"{each['seconds']:.1f}", f"{each['peak_mb']:,.0f}")
    console.print(table)
    return figures


def _lifetime(console: Console, home: Path, data: Path) -> dict[str, Any]:
    homes, figures = home.parent, {}
    states: dict[str, dict[str, Any]] = {
        "online_retail": {"as_of": date(2011, 12, 9), "data": data / "online_retail"},
        "simulated": {"accounts": SIMULATED_ACCOUNTS},
    }
    for company, night in states.items():
        with _live(homes / f"models-{company}", company, **night) as (connection, schema, as_of):
            figures[company] = grade_lifetime(console, company, connection, schema=schema, as_of=as_of)
    return figures


def _rows_of(home: Path, company: str, **night: Any) -> tuple[pd.DataFrame, int]:
    """Return the labelled rows and the calls of a day of what `_live` gives."""
    with _live(home, company, **night) as (connection, schema, as_of):
        return read_training_rows(connection, schema=schema, as_of=as_of), read_capacity(connection, schema)


@contextmanager
def _live(
    home: Path, company: str, *, accounts: int = 0, as_of: date | None = None, data: Path | None = None
) -> Iterator[tuple[psycopg.Connection, str, date]]:
    """Run a night of an example unless one is live in `home`; give the scorer's connection, build schema and day."""
    settings = load_settings({"GUANXI_HOME": str(home), "GUANXI_COMPANY": str(ROOT / "examples" / company)})
    if not home.exists():
        run_night(home, accounts, through="stages", company=settings.company or "", as_of=as_of, data=data)
    with opened_house(settings) as house:
        with house.warehouse.connect(Role.PUBLISHER) as connection:
            live = live_generation(connection)
        if live is None or live.build_schema is None:
            raise SystemExit(f"{home} has no live night; remove the folder and run again")
        with house.warehouse.connect(Role.SCORER) as connection:
            yield connection, live.build_schema, live.as_of


def _graded(console: Console, company: str, rows: pd.DataFrame, capacity: int) -> Grading:
    grading = grade_days(rows, capacity=capacity, say=lambda line: console.print(line, highlight=False))
    console.print(_means(company, grading))
    console.print(_by_day(company, grading))
    for metric in METRICS:
        console.print(
            f"{_COLUMNS[metric]}: at least as good as the best rung of the day on {grading.days_ahead(metric)} of "
            f"{len(grading.days)} days; at worst {grading.worst_lead(metric):+.4f} beside it",
            highlight=False,
        )
    return grading


def _means(company: str, grading: Grading) -> Table:
    table = Table("method", title=f"{company}: means of {len(grading.days)} days", title_justify="left")
    for name in _COLUMNS.values():
        table.add_column(name, justify="right")
    for method in grading.methods:
        means = [grading.mean(method, metric) for metric in _COLUMNS]
        table.add_row(method, *("" if mean is None else f"{mean:.4f}" for mean in means))
    return table


def _by_day(company: str, grading: Grading) -> Table:
    table = Table("day", "accounts", "left", title=f"{company}: model and best rung of each day", title_justify="left")
    for metric in METRICS:
        for name in (_COLUMNS[metric], "best rung", "lead"):
            table.add_column(name, justify="right")
    for day in grading.days:
        ours = day.qualities[MODEL]
        cells = []
        for metric in METRICS:
            best = day.best_rung(metric)
            its = getattr(day.qualities[best], metric)
            cells += [f"{getattr(ours, metric):.4f}", f"{best} {its:.4f}", f"{day.lead(metric):+.4f}"]
        table.add_row(f"{day.snapshot_date}", f"{ours.row_count:,}", f"{ours.base_rate:.1%}", *cells)
    return table


if __name__ == "__main__":
    main()
