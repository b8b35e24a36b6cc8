"""The rules rank as their names say, and their probabilities follow what was seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from ml.rules import (
    ASSUMED,
    ASSUMED_OF_CONTRACTS,
    CalibratedRule,
    Rule,
    TooFewLabelsError,
    assumed_rule,
    fallback_rule,
    fit_rule,
    known_rules,
    rule_score,
)
from tests.ml.world import make_rows


def few(**columns: list[float]) -> pd.DataFrame:
    return pd.DataFrame(columns)


def test_each_rule_ranks_by_its_own_measure() -> None:
    assert list(np.argsort(rule_score(Rule.RECENCY, few(days_since_last_order=[9, 90, 0])))) == [2, 0, 1]
    assert list(np.argsort(rule_score(Rule.FREQUENCY, few(order_days_365d_count=[9, 90, 0])))) == [1, 0, 2]
    assert list(np.argsort(rule_score(Rule.OVERDUE, few(overdue_ratio=[0.5, 4.0, 1.0])))) == [0, 2, 1]
    assert list(np.argsort(rule_score(Rule.BUYING, few(silence_probability=[0.5, 1.0, 0.0])))) == [2, 0, 1]
    assert list(np.argsort(rule_score(Rule.RENEWAL, few(renewal_days_left=[300.0, 0.0, 30.0])))) == [0, 2, 1]


def test_equal_measures_get_equal_scores() -> None:
    scores = rule_score(Rule.RECENCY, few(days_since_last_order=[30, 30, 31]))
    assert scores[0] == scores[1] < scores[2]


def test_an_account_without_a_rhythm_counts_as_exactly_on_time() -> None:
    scores = rule_score(Rule.OVERDUE, few(overdue_ratio=[np.nan, 1.0]))
    assert scores[0] == scores[1]
    scores = rule_score(Rule.BUYING, few(silence_probability=[np.nan, 0.5]))
    assert scores[0] == scores[1] == 0


def test_a_contract_without_a_term_stands_a_quarter_of_a_year_before_its_renewal() -> None:
    scores = rule_score(Rule.RENEWAL, few(renewal_days_left=[np.nan, 90.0, 91.0, -3.0, 0.0]))
    assert scores[0] == scores[1] > scores[2]
    assert scores[3] == scores[4] == scores.max()


def test_rules_that_nobody_has_the_feature_of_are_not_known() -> None:
    of_orders = make_rows(accounts=20, snapshots=1)
    assert set(known_rules(of_orders)) == {Rule.RECENCY, Rule.FREQUENCY, Rule.OVERDUE}
    names = ["days_since_last_order", "order_days_365d_count", "overdue_ratio"]
    of_contracts = of_orders.assign(**dict.fromkeys(names, np.nan), renewal_days_left=4.0)
    assert known_rules(of_contracts) == (Rule.RENEWAL,)


@pytest.mark.parametrize("rule", list(Rule))
def test_a_rule_s_probability_keeps_its_ranking_and_meets_the_base_rate(rule: Rule, rows: pd.DataFrame) -> None:
    fitted = fit_rule(rule, rows)
    risk = fitted.probability(rows)
    assert ((risk > 0) & (risk < 1)).all()
    assert risk.mean() == pytest.approx(rows["is_churned"].mean(), abs=0.01)
    if fitted.slope > 0:
        by_risk = roc_auc_score(rows["is_churned"], risk)
        assert by_risk == pytest.approx(roc_auc_score(rows["is_churned"], fitted.score(rows)))


def test_the_sigmoid_is_recovered_from_labels_drawn_by_it() -> None:
    random = np.random.default_rng(3)
    drawn = few(overdue_ratio=list(random.exponential(2, 40_000)))
    truth = CalibratedRule(Rule.OVERDUE, 1.7, -2.0)
    drawn["is_churned"] = random.random(len(drawn)) < truth.probability(drawn)
    found = fit_rule(Rule.OVERDUE, drawn)
    assert (found.slope, found.intercept) == pytest.approx((1.7, -2.0), abs=0.1)


def test_snapshots_without_a_model_of_buying_do_not_flatten_the_others() -> None:
    random = np.random.default_rng(5)
    drawn = few(silence_probability=list(random.beta(1, 2, 4000)))
    drawn["is_churned"] = random.random(len(drawn)) < drawn["silence_probability"]
    unknown = few(silence_probability=[np.nan] * 4000).assign(is_churned=random.random(4000) < 0.9)
    with_unknown = pd.concat([drawn, unknown], ignore_index=True)
    assert fit_rule(Rule.BUYING, with_unknown) == fit_rule(Rule.BUYING, drawn)
    assert fit_rule(Rule.BUYING, drawn).slope == pytest.approx(1, abs=0.1)
    assert fit_rule(Rule.BUYING, unknown).probability(unknown).mean() == pytest.approx(0.9, abs=0.02)


def test_a_rule_that_ranks_the_wrong_way_says_the_base_rate() -> None:
    wrong = few(days_since_last_order=[float(day) for day in range(100)])
    wrong["is_churned"] = wrong["days_since_last_order"] < 40
    assert fit_rule(Rule.RECENCY, wrong).probability(wrong) == pytest.approx(np.full(100, 0.4))


def test_too_few_outcomes_carry_no_sigmoid_and_the_fallback_says_what_it_assumes() -> None:
    rows = make_rows(accounts=12, snapshots=1)
    with pytest.raises(TooFewLabelsError):
        fit_rule(Rule.OVERDUE, rows)
    assert fallback_rule(rows, ASSUMED) == ASSUMED
    assert fallback_rule(rows.head(0), ASSUMED) == ASSUMED
    risk = ASSUMED.probability(few(overdue_ratio=[0.0, 1.0, 2.0]))
    assert risk == pytest.approx([0.25, 0.4, 0.5])
    risk = ASSUMED_OF_CONTRACTS.probability(few(renewal_days_left=[0.0, 3.0, 8.0, 80.0]))
    assert risk == pytest.approx([3 / 4, 3 / 5, 1 / 2, 1 / 4]), "odds of 3 over the root of 1 + days"
    assert assumed_rule(is_by_contracts=False) == ASSUMED
    assert assumed_rule(is_by_contracts=True) == ASSUMED_OF_CONTRACTS


def test_the_fallback_is_fitted_as_soon_as_the_labels_allow_it() -> None:
    rows = make_rows(accounts=200, snapshots=2)
    assert fallback_rule(rows, ASSUMED) == fit_rule(Rule.OVERDUE, rows) != ASSUMED
