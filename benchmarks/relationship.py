"""How well attitudes are found: `python -m benchmarks.relationship [ACCOUNTS]`.

A simulated night is run; the levels computed from the log of talks are held against what the people truly think of us,
which the simulator knows and the warehouse does not. Then the same with half of the log lost: what is not written down
must make a relationship look weaker, not better.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from benchmarks.figures import keep
from benchmarks.night import run_night
from tests.marts.replaying import Row, prepare
from warehouse.database import Role
from warehouse.errors import Problem
from warehouse.house import opened_house
from warehouse.ledger import live_generation
from warehouse.settings import load_settings

LEVELS = range(-1, 6)
COVERED, SUPPORTING = 2, 4
_HALF = "delete from raw.interactions where get_byte(decode(md5(record_id), 'hex'), 0) % 2 = 0"


class NoNightError(Problem):
    """The night that was run is not live."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of those that are true, and what of that is right."""

    right: int
    found: int
    true: int

    def __str__(self) -> str:
        """Say both shares with their counts."""
        precision, recall = self.right / max(1, self.found), self.right / max(1, self.true)
        return f"precision {precision:.2f} ({self.right} of {self.found}), recall {recall:.2f} (of {self.true})"


def main() -> None:
    """Print the levels found beside the true ones, with the whole log and with half of it."""
    parser = argparse.ArgumentParser(prog="benchmarks.relationship", description=__doc__)
    parser.add_argument("accounts", type=int, nargs="?", default=1000, help="size of the simulated company")
    given = parser.parse_args()
    settings, console = load_settings(), Console(width=120)
    home = settings.home.absolute() / "bench" / f"relationship-{given.accounts}"
    console.print(f"{given.accounts:,} accounts: a night, state in {home}")
    run_night(home, given.accounts, through="stages")
    as_of, logs = _levels(home)
    truth = true_levels(_rows(home, "attitudes"), as_of)
    figures: dict[str, Any] = {"accounts": given.accounts, "as_of": as_of.isoformat()}
    for name, people in logs.items():
        console.print(confusion(truth, people, title=f"{name}: true level (rows), computed level (columns)"))
        figures[name] = {what: str(found) for what, found in findings(truth, people).items()}
        for what, found in figures[name].items():
            console.print(f"  {what}: {found}")
        console.print()
    whole, half = (logs[name] for name in logs)
    console.print(compared(whole, half))
    console.print(f"written: {keep(settings.home, {'relationship': figures})}")


def _rows(home: Path, name: str) -> list[Row]:
    rows: list[Row] = pq.read_table(home / f"company/simulated/simulated/truth/{name}.parquet").to_pylist()
    return rows


def _levels(home: Path) -> tuple[date, dict[str, dict[str, Row]]]:
    """Return the night's day, and the people by id with their levels: by the whole log, and by half of it."""
    settings = load_settings({"GUANXI_HOME": str(home), "GUANXI_COMPANY": "examples/simulated"})
    with opened_house(settings) as house, tempfile.TemporaryDirectory() as target:
        with house.warehouse.connect(Role.PUBLISHER) as connection:
            live = live_generation(connection)
        if live is None:
            raise NoNightError(
                "relationship", seen="no live night", expected="the night just run", next_step=f"read {home}/night.log"
            )
        variables = {"as_of_date": live.as_of.isoformat(), "timezone": "Asia/Shanghai", "currency": "CNY"}
        replay = prepare(house.warehouse, Path(target), variables, "fct_contact_relationships")
        logs = {}
        for name, but in (("whole log", None), ("half of the log", _HALF)):
            with replay.of({}, but=but) as cursor:
                rows = cursor.execute("select * from fct_contact_relationships").fetchall()
            logs[name] = {row["contact_key"].split("|")[1]: row for row in rows}
    return live.as_of, logs


def true_levels(attitudes: Iterable[Row], day: date) -> dict[str, int]:
    """Return what each person who is there on the day thinks of us then."""
    newest: dict[str, Row] = {}
    for row in sorted(attitudes, key=lambda row: row["since"]):
        if row["since"] <= day:
            newest[row["contact_id"]] = row
    gone = {name for name, row in newest.items() if row["left_on"] is not None and row["left_on"] <= day}
    return {name: row["level"] for name, row in newest.items() if name not in gone}


def findings(truth: Mapping[str, int], people: Mapping[str, Row]) -> dict[str, Found]:
    """Return how well opponents, supporters and accounts with a single thread are found."""
    known = {name: row for name, row in people.items() if name in truth and row["account_id"]}
    true_threads: Counter[str] = Counter()
    found_threads: Counter[str] = Counter()
    for name, row in known.items():
        true_threads[row["account_id"]] += truth[name] >= COVERED
        found_threads[row["account_id"]] += row["computed_level"] >= COVERED
    return {
        "opponents": _found((truth[name] < 0, row["computed_level"] < 0) for name, row in known.items()),
        "opponents, published": _found((truth[name] < 0, row["published_level"] < 0) for name, row in known.items()),
        "opponents, claimed": _found((truth[name] < 0, (row["claimed_level"] or 0) < 0) for name, row in known.items()),
        "supporters": _found(
            (truth[name] >= SUPPORTING, row["computed_level"] >= SUPPORTING) for name, row in known.items()
        ),
        "supporters, claimed": _found(
            (truth[name] >= SUPPORTING, (row["claimed_level"] or 0) >= SUPPORTING) for name, row in known.items()
        ),
        "accounts with one thread or none": _found(
            (true_threads[one] <= 1, found_threads[one] <= 1) for one in true_threads
        ),
    }


def _found(pairs: Iterable[tuple[bool, bool]]) -> Found:
    counts = Counter(pairs)
    right = counts[True, True]
    return Found(right, right + counts[False, True], right + counts[True, False])


def confusion(truth: Mapping[str, int], people: Mapping[str, Row], *, title: str) -> Table:
    """Return a table of people by true and computed level."""
    counts = Counter((truth[name], row["computed_level"]) for name, row in people.items() if name in truth)
    table = Table("true", *(str(level) for level in LEVELS), title=title, title_justify="left")
    for level in LEVELS:
        table.add_row(str(level), *(f"{counts[level, other]:,}" for other in LEVELS))
    exact = sum(count for (true, other), count in counts.items() if true == other)
    near = sum(count for (true, other), count in counts.items() if abs(true - other) <= 1)
    above = sum(count for (true, other), count in counts.items() if other > true)
    total = max(1, counts.total())
    table.caption = (
        f"the same {exact / total:.0%}, at most one apart {near / total:.0%}, above the truth {above / total:.0%}"
    )
    return table


def compared(whole: Mapping[str, Row], half: Mapping[str, Row]) -> str:
    """Say whose level fell and whose rose when half of the log was lost."""
    moves = Counter(
        "fell" if half[name]["computed_level"] < row["computed_level"]
        else "rose from -1" if row["computed_level"] < 0 <= half[name]["computed_level"]
        else "rose" if half[name]["computed_level"] > row["computed_level"]
        else "stayed"
        for name, row in whole.items()
    )  # fmt: skip
    return "with half of the log: " + ", ".join(f"{count:,} {how}" for how, count in moves.most_common())


if __name__ == "__main__":
    main()
