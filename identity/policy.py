"""The company's own choices about matching: small tables of dbt_project/seeds/policy, read before dbt builds them."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from identity.names import LegalForms
from warehouse.errors import Problem
from warehouse.settings import ROOT

FOLDER = ROOT / "dbt_project" / "seeds" / "policy"


class MatchPolicyError(Problem):
    """A policy table that matching cannot follow."""


Record = tuple[str, str]
"""A source's record of a customer: the source's name, and the customer's number in it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Why a record is where it is. `precedence`: the lower one is followed first."""

    code: str
    precedence: int
    band: str
    reason_en: str
    reason_zh: str


@dataclass(frozen=True, slots=True)
class Level:
    """One outcome of a comparison; `position` 1 is asked first, the last one is what remains."""

    comparison: str
    code: str
    position: int
    match_rate: float
    chance_rate: float
    evidence_en: str
    evidence_zh: str


@dataclass(frozen=True, slots=True)
class Override:
    """A person's decision about two records."""

    verdict: Literal["same", "different"]
    one: Record
    other: Record


@dataclass(frozen=True, slots=True)
class MatchPolicy:
    """Everything matching is told by people, as it holds on one business day."""

    rules: dict[str, Rule]
    levels: tuple[Level, ...]
    legal_forms: LegalForms
    shared_domains: frozenset[str]
    overrides: tuple[Override, ...]
    automatic_probability: float
    review_probability: float
    prior_probability: float
    margin_bits: float
    shared_value_limit: float


def read_policy(as_of: date, *, folder: Path = FOLDER) -> MatchPolicy:
    """Read the policy with the overrides that are valid on a day. Raises MatchPolicyError."""
    parameters = {row["parameter"]: row["value"] for row in _rows(folder, "policy_parameters")}
    rules = [
        Rule(row["rule_code"], int(row["precedence"]), row["band"], row["reason_en"], row["reason_zh"])
        for row in _rows(folder, "policy_match_rules")
    ]
    levels = [
        Level(
            row["comparison"], row["level_code"], int(row["position"]), float(row["match_rate"]),
            float(row["chance_rate"]), row["evidence_en"], row["evidence_zh"],
        )
        for row in _rows(folder, "policy_match_levels")
    ]  # fmt: skip
    return MatchPolicy(
        rules={rule.code: rule for rule in rules},
        levels=tuple(sorted(levels, key=lambda each: (each.comparison, each.position))),
        legal_forms=LegalForms([row["legal_form"] for row in _rows(folder, "policy_legal_forms")]),
        shared_domains=frozenset(row["domain"] for row in _rows(folder, "policy_shared_domains")),
        overrides=tuple(_overrides(_rows(folder, "policy_account_overrides"), as_of)),
        automatic_probability=float(parameters["match_automatic_probability"]),
        review_probability=float(parameters["match_review_probability"]),
        prior_probability=float(parameters["match_prior_probability"]),
        margin_bits=float(parameters["match_margin_bits"]),
        shared_value_limit=float(parameters["match_shared_value_limit"]),
    )


def _rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _overrides(rows: Iterable[dict[str, str]], as_of: date) -> Iterable[Override]:
    for number, row in enumerate(rows, start=2):
        verdict = row["verdict"].strip()
        one = (row["source"].strip(), row["account_id"].strip())
        other = (row["other_source"].strip(), row["other_account_id"].strip())
        if verdict not in ("same", "different") or not all((*one, *other, row["owner"], row["reason"])) or one == other:
            raise _bad_line(number, "a row that is no decision about two records, with its owner and its reason")
        try:
            valid_from = date.fromisoformat(row["valid_from"].strip())
            until = row["valid_until"].strip()
            valid_until = date.fromisoformat(until) if until else date.max
        except ValueError:
            raise _bad_line(number, "a valid_from or valid_until that is no day") from None
        if valid_from <= as_of <= valid_until:
            yield Override("same" if verdict == "same" else "different", one, other)


def _bad_line(number: int, seen: str) -> MatchPolicyError:
    return MatchPolicyError(
        f"dbt_project/seeds/policy/policy_account_overrides.csv, line {number}",
        seen=seen,
        expected="verdict (same or different), both records by source and number, owner, reason, valid_from as"
        " 2026-06-30, valid_until the same or empty",
        next_step="correct the line; docs/runbooks/account_matching.md shows one",
    )
