"""Who scores a night when the champion cannot: a fixed order, and a word about it.

1. The champion, while its file verifies and it is not older than `model_days_maximum` (policy).
2. The newest model that was champion before it, on the same conditions.
3. The newest rule that was tested beside a model, with its sigmoid.
4. A rule with stated odds: the overdue rule, of companies of contracts the renewal rule (ml/rules.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import psycopg

from ml.model_file import ModelFileError
from ml.registry import Champion, Entry, NoChampionError, former_champions, load_entry, newest_tested_rule
from ml.rules import CalibratedRule


@dataclass(frozen=True, slots=True)
class Chosen:
    """Who scores, and why it is not the champion: nothing when it is."""

    champion: Champion
    notes: tuple[str, ...]

    @property
    def fell_back(self) -> bool:
        return bool(self.notes)


def choose_scorer(
    connection: psycopg.Connection,
    *,
    as_of: date,
    models_folder: Path,
    model_days_maximum: int,
    assumed: CalibratedRule,
) -> Chosen:
    """Return who scores a night of `as_of`, `assumed` when nothing else can; never what was trained on later days.

    Raises NoChampionError when nothing was ever trained up to that day.
    """
    former = list(former_champions(connection, as_of=as_of))
    if not former:
        raise NoChampionError(
            f"the champion for {as_of}",
            seen="nothing trained up to that day",
            expected="a model or a rule in ops.models",
            next_step="guanxi train",
        )
    notes: list[str] = []
    for champion in _sound(former, as_of, models_folder, model_days_maximum, notes):
        instead = f"{champion.entry.model_id} scores in its stead: guanxi train"
        return Chosen(champion, (*notes, instead) if notes else ())
    rule = newest_tested_rule(connection, as_of=as_of)
    if rule is not None:
        return Chosen(Champion(rule, None), (*notes, f"the {rule.rule} rule scores in its stead: guanxi train"))
    name = assumed.rule.value
    entry = replace(
        former[0], kind="rule", model_id=f"{name}-assumed-{as_of}", features=[assumed.rule.feature],
        file_sha256=None, rule=name, rule_slope=assumed.slope, rule_intercept=assumed.intercept,
    )  # fmt: skip
    return Chosen(Champion(entry, None), (*notes, f"the {name} rule with assumed odds scores: guanxi train"))


def _sound(
    former: list[Entry], as_of: date, models_folder: Path, model_days_maximum: int, notes: list[str]
) -> Iterator[Champion]:
    """Give those that can score, the champion first, and note of each before it why it cannot."""
    for entry in former:
        if entry.kind == "rule":
            yield Champion(entry, None)
            continue
        age = (as_of - entry.as_of).days
        if age > model_days_maximum:
            notes.append(f"{entry.model_id} is {age} days old, more than {model_days_maximum}")
            continue
        try:
            yield Champion(entry, load_entry(entry, models_folder))
        except ModelFileError as problem:
            notes.append(f"{problem.thing}: {problem.seen}")
