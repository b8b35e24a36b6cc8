"""The outcomes an answer may have, and the words people say them with: policy, read before dbt builds it."""

from __future__ import annotations

import csv
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from delivery.managers import Language
from warehouse.errors import Problem
from warehouse.settings import ROOT

FILE = ROOT / "dbt_project" / "seeds" / "policy" / "policy_feedback_outcomes.csv"
SNOOZE = "snooze"
_TELLS_NOTHING = " \t:,;.!-–—/|，。；：、！·"


class FeedbackPolicyError(Problem):
    """A policy by which no answer can be understood."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """An outcome. `snooze_days` is None where the account stays listed; `phrases` are what it is recognised by."""

    code: str
    name_en: str
    name_zh: str
    phrases: tuple[str, ...]
    is_treatment: bool
    is_closing: bool
    snooze_days: int | None
    snooze_days_maximum: int

    def name(self, language: Language) -> str:
        return self.name_zh if language == "zh" else self.name_en


@dataclass(frozen=True, slots=True)
class Outcomes:
    """All outcomes of the policy, in its order."""

    every: tuple[Outcome, ...]

    def of(self, code: str) -> Outcome:
        return next(each for each in self.every if each.code == code)

    def begin(self, words: str) -> tuple[Outcome | None, str]:
        """Return the outcome that `words` begin with, of the longest phrase, and what follows; else None and all."""
        said = folded(words).lstrip(_TELLS_NOTHING)
        best: Outcome | None = None
        longest = 0
        for outcome in self.every:
            for phrase in outcome.phrases:
                if len(phrase) > longest and said.startswith(phrase) and _ends(said, len(phrase)):
                    best, longest = outcome, len(phrase)
        if best is None:
            return None, words.strip()
        return best, normal(words).lstrip(_TELLS_NOTHING)[longest:].lstrip(_TELLS_NOTHING)


def _ends(said: str, position: int) -> bool:
    """Whether a phrase ends where a word does; Chinese has no spaces between words."""
    if position >= len(said):
        return True
    before, after = said[position - 1], said[position]
    return not (after.isalnum() and after.isascii() and before.isascii())


def normal(words: str) -> str:
    """Return words on one line, full-width letters and digits as plain ones; the length of folded() is the same."""
    return " ".join(unicodedata.normalize("NFKC", words).split())


def folded(words: str) -> str:
    """Return words as they are compared: one line, small letters, nothing longer or shorter than in normal()."""
    return "".join(each.lower() if len(each.lower()) == 1 else each for each in normal(words))


def read_outcomes(file: Path = FILE) -> Outcomes:
    """Read the policy. Raises FeedbackPolicyError for a line that cannot be used."""
    found: list[Outcome] = []
    taken: dict[str, str] = {}
    with file.open(encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines), start=2):
            try:
                outcome = _outcome(row)
            except (KeyError, TypeError, ValueError):
                raise _bad(number, "a number that is none, or a column that is not there") from None
            for phrase in outcome.phrases:
                if taken.setdefault(phrase, outcome.code) != outcome.code:
                    raise _bad(number, f"{phrase!r} also means {taken[phrase]}")
            if outcome.is_closing and outcome.snooze_days is None:
                raise _bad(number, "an outcome that closes and has no snooze_days")
            if not 0 <= (outcome.snooze_days or 0) <= outcome.snooze_days_maximum:
                raise _bad(number, "snooze_days beyond snooze_days_maximum")
            found.append(outcome)
    if SNOOZE not in {each.code for each in found}:
        raise _bad(2, f"no line of the outcome {SNOOZE}")
    return Outcomes(tuple(found))


def _outcome(row: dict[str, str]) -> Outcome:
    words = [row["outcome_code"].replace("_", " "), row["outcome_code"], row["name_en"], row["name_zh"]]
    words += f"{row['words_en']}|{row['words_zh']}".split("|")
    return Outcome(
        code=row["outcome_code"],
        name_en=row["name_en"],
        name_zh=row["name_zh"],
        phrases=tuple(dict.fromkeys(folded(each) for each in words if each.strip())),
        is_treatment=_yes(row["is_treatment"]),
        is_closing=_yes(row["is_closing"]),
        snooze_days=int(row["snooze_days"]) if row["snooze_days"] else None,
        snooze_days_maximum=int(row["snooze_days_maximum"]),
    )


def _yes(value: str) -> bool:
    if value not in {"true", "false"}:
        raise ValueError(value)
    return value == "true"


def _bad(line: int, seen: str) -> FeedbackPolicyError:
    return FeedbackPolicyError(
        f"dbt_project/seeds/policy/policy_feedback_outcomes.csv, line {line}",
        seen=seen,
        expected="a line an outcome: true or false, days as numbers, and phrases that no other outcome has",
        next_step="correct the line",
    )
