"""The company's own themes: small tables of dbt_project/seeds/policy, read before dbt builds them."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

from warehouse.errors import Problem
from warehouse.settings import ROOT

FOLDER = ROOT / "dbt_project" / "seeds" / "policy"
METHOD = "1"
"""Counts up when the same policy would read a text differently than before."""


class NeedPolicyError(Problem):
    """A policy table by which no text can be read."""


@dataclass(frozen=True, slots=True)
class NeedPolicy:
    """Themes with their phrases, the words by which a clause denies its theme, and how alike is alike enough.

    `version` names all of it: texts read by another version are read again.
    """

    phrases: dict[str, tuple[str, ...]]
    denials: tuple[str, ...]
    score_minimum: float
    version: str


def read_policy(*, folder: Path = FOLDER) -> NeedPolicy:
    """Read the policy. Raises NeedPolicyError."""
    themes = _rows(folder, "policy_need_themes")
    denials = tuple(row["phrase"].strip() for row in _rows(folder, "policy_need_denials"))
    parameters = {row["parameter"]: row["value"] for row in _rows(folder, "policy_parameters")}
    phrases: dict[str, tuple[str, ...]] = {}
    for number, row in enumerate(themes, start=2):
        code = row["theme_code"].strip()
        listed = f"{row['phrases_en']};{row['phrases_zh']}".replace("；", ";").split(";")
        own = tuple(phrase for phrase in (each.strip() for each in listed) if phrase)
        if not code or code in phrases or not own:
            raise NeedPolicyError(
                f"dbt_project/seeds/policy/policy_need_themes.csv, line {number}",
                seen="a line without a code, with a code that an earlier one has, or without a phrase",
                expected="a theme_code of its own, both labels, and phrases joined by semicolons in either language",
                next_step="correct the line",
            )
        phrases[code] = own
    score_minimum = float(parameters["need_score_minimum"])
    told = repr((METHOD, phrases, denials, score_minimum))
    version = f"{METHOD}-{hashlib.sha256(told.encode()).hexdigest()[:12]}"
    return NeedPolicy(phrases=phrases, denials=denials, score_minimum=score_minimum, version=version)


def _rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
