"""The choices of the business as the seeds have them."""

from __future__ import annotations

import csv
from pathlib import Path

_SEEDS = Path(__file__).resolve().parents[2] / "dbt_project" / "seeds" / "policy"
POLICIES = [file.stem for file in sorted(_SEEDS.glob("*.csv"))]


def policy_rows(policy: str) -> list[dict[str, str]]:
    """The lines of a policy."""
    with (_SEEDS / f"{policy}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def policy_columns(policy: str) -> list[str]:
    """The columns of a policy, also of one without lines."""
    with (_SEEDS / f"{policy}.csv").open(encoding="utf-8", newline="") as file:
        return next(csv.reader(file))
