"""Who scores a night when the champion cannot: a fixed order, and a word about it.

1. The champion: a rule, or a model whose file verifies and that is not older than `model_days_maximum` (policy).
2. The newest model that was champion before it, on the same conditions.
3. The newest rule that was tested beside a model, with its sigmoid.
4. The newest rule that was champion untested.
5. A rule with stated odds: the overdue rule, of companies of contracts the renewal rule (ml/rules.py).
"""

from __future__ import annotations

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
    former = former_champions(connection, as_of=as_of)
    if not former:
        raise NoChampionError(
            f"the champion for {as_of}",
            seen="nothing trained up to that day",
            expected="a model or a rule in ops.models",
            next_step="guanxi train",
        )
    notes: list[str] = []
    for entry in former[:1] if former[0].kind == "rule" else [each for each in former if each.kind == "model"]:
        try:
            champion = _ready(entry, as_of, models_folder, model_days_maximum)
        except ModelFileError as problem:
            notes.append(f"{problem.thing}: {problem.seen}")
        else:
            return Chosen(champion, _told(notes, entry.model_id))
    untested = next((each for each in former if each.kind == "rule"), None)
    rule = newest_tested_rule(connection, as_of=as_of) or untested or _assumed(former[0], assumed, as_of)
    return Chosen(Champion(rule, None), _told(notes, f"the {rule.rule} rule"))


def _ready(entry: Entry, as_of: date, models_folder: Path, model_days_maximum: int) -> Champion:
    """Return an entry that can score that day, its file read, or raise ModelFileError."""
    age = (as_of - entry.as_of).days
    if entry.kind == "model" and age > model_days_maximum:
        raise ModelFileError(
            f"model {entry.model_id}",
            seen=f"it is {age} days old, more than {model_days_maximum}",
            expected="a model that knows the customers of today",
            next_step="guanxi train",
        )
    return Champion(entry, None if entry.kind == "rule" else load_entry(entry, models_folder))


def _told(notes: list[str], who: str) -> tuple[str, ...]:
    return (*notes, f"{who} scores in its stead: guanxi train") if notes else ()


def _assumed(former: Entry, assumed: CalibratedRule, as_of: date) -> Entry:
    """An entry of odds that nobody learned: nothing of what was tested of the model is said of it."""
    name = assumed.rule.value
    return replace(
        former, kind="rule", model_id=f"{name}-assumed-{as_of}", features=[assumed.rule.feature], file_sha256=None,
        rule=name, rule_slope=assumed.slope, rule_intercept=assumed.intercept, metrics={}, best_rule=None,
        beats_rule=None, grade=None, note="assumed odds, since no model and no rule that was learned can score",
    )  # fmt: skip
