"""The one-line rules that a model must beat, and that make the list when it does not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from warehouse.errors import Problem

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]

MIN_TO_CALIBRATE = 10
"""Of churned and of kept accounts: fewer carry no sigmoid."""


class TooFewLabelsError(Problem):
    """Too few outcomes are known to fit a probability."""


class Rule(StrEnum):
    """A ranking by one feature; the value is the method_code of the scores it makes."""

    RECENCY = "recency"
    FREQUENCY = "frequency"
    OVERDUE = "overdue"
    BUYING = "buying"
    RENEWAL = "renewal"

    @property
    def feature(self) -> str:
        return _FEATURES[self]

    @property
    def reason(self) -> str:
        """The feature by which the rule explains itself: a probability is no reason, the silence behind it is."""
        return _FEATURES[Rule.OVERDUE if self is Rule.BUYING else self]


_FEATURES = {
    Rule.RECENCY: "days_since_last_order",
    Rule.FREQUENCY: "order_days_365d_count",
    Rule.OVERDUE: "overdue_ratio",
    Rule.BUYING: "silence_probability",
    Rule.RENEWAL: "renewal_days_left",
}

_WITHOUT_TERM = 90.0
"""Days to its renewal of a contract that tells no end and no period."""


def known_rules(rows: pd.DataFrame) -> tuple[Rule, ...]:
    """Return the rules whose feature any of the rows has: who never orders has no silence, who orders no renewal."""
    return tuple(rule for rule in Rule if rows[rule.feature].notna().any())


def rule_score(rule: Rule, rows: pd.DataFrame) -> Floats:
    """Return a score that is higher for the riskier account: the log of days, of the ratio, of 1/order days, of odds,
    of 1/days to the renewal.

    The log changes no ranking; it makes the sigmoid of a long-tailed measure fit. A company in which no account
    has ordered twice has no overdue ratio; 1, exactly on time, stands for it, and even odds for a model of buying
    that could not be fitted. A contract without end and period stands a quarter of a year before its renewal.
    """
    values: Floats = rows[rule.feature].to_numpy(dtype=np.float64)
    if rule is Rule.BUYING:
        odds = np.clip(np.where(np.isnan(values), 0.5, values), 1e-9, 1 - 1e-9)
        result: Floats = np.log(odds / (1 - odds))
        return result
    usual = _WITHOUT_TERM if rule is Rule.RENEWAL else 1.0
    logs = np.log1p(np.maximum(np.where(np.isnan(values), usual, values), 0.0))
    return -logs if rule in (Rule.FREQUENCY, Rule.RENEWAL) else logs


@dataclass(frozen=True, slots=True)
class CalibratedRule:
    """A rule with its sigmoid p = 1 / (1 + exp(-(slope x score + intercept)))."""

    rule: Rule
    slope: float
    intercept: float

    def score(self, rows: pd.DataFrame) -> Floats:
        return rule_score(self.rule, rows)

    def probability(self, rows: pd.DataFrame) -> Floats:
        """Return each account's churn probability."""
        result: Floats = 1.0 / (1.0 + np.exp(-(self.slope * self.score(rows) + self.intercept)))
        return result


def fit_rule(rule: Rule, rows: pd.DataFrame) -> CalibratedRule:
    """Fit a rule's sigmoid on rows with `is_churned`. A rule that ranks the wrong way gets the base rate.

    Raises TooFewLabelsError.
    """
    from sklearn.linear_model import LogisticRegression

    rows = _told(rule, rows)
    labels = rows["is_churned"].to_numpy(dtype=bool)
    churned, kept = int(labels.sum()), int((~labels).sum())
    if min(churned, kept) < MIN_TO_CALIBRATE:
        raise TooFewLabelsError(
            f"the {rule} rule",
            seen=f"{churned} accounts that churned and {kept} that stayed",
            expected=f"at least {MIN_TO_CALIBRATE} of each to fit a probability on",
            next_step="load more history, or wait until more labels have closed",
        )
    sigmoid = LogisticRegression().fit(rule_score(rule, rows).reshape(-1, 1), labels)
    slope, intercept = float(sigmoid.coef_[0, 0]), float(sigmoid.intercept_[0])
    if slope <= 0:
        slope, intercept = 0.0, float(np.log(churned / kept))
    return CalibratedRule(rule, slope, intercept)


def _told(rule: Rule, rows: pd.DataFrame) -> pd.DataFrame:
    """Leave out snapshots on which no model of buying could be fitted, if the others carry a sigmoid: what stands for
    it there says nothing, and would flatten the rest."""
    known = rows[rows[rule.feature].notna()] if rule is Rule.BUYING else rows
    churned = int(known["is_churned"].sum())
    return known if min(churned, len(known) - churned) >= MIN_TO_CALIBRATE else rows


def fallback_rule(rows: pd.DataFrame, assumed: CalibratedRule) -> CalibratedRule:
    """Return the rule of `assumed` for a company too young to compare rules, fitted on `rows` when they allow it.

    Otherwise its odds are assumed. They are an assumption to order the work by, not an estimate.
    """
    try:
        fitted = fit_rule(assumed.rule, rows)
    except TooFewLabelsError:
        return assumed
    return fitted if fitted.slope > 0 else assumed


ASSUMED = CalibratedRule(Rule.OVERDUE, 1.0, float(-np.log(3.0)))
"""Odds of (1 + overdue ratio) / 3: 25 % just after an order, 40 % when the next is due, 50 % at twice the usual gap."""

ASSUMED_OF_CONTRACTS = CalibratedRule(Rule.RENEWAL, 0.5, float(np.log(3.0)))
"""Odds of 3 / root(1 + days to the renewal): 75 % on the last day or under notice, 35 % a month before, 14 % a year."""


def assumed_rule(*, is_by_contracts: bool) -> CalibratedRule:
    """Return the rule that scores while nothing could be learned: of buyers the overdue rule, of contracts renewal."""
    return ASSUMED_OF_CONTRACTS if is_by_contracts else ASSUMED
