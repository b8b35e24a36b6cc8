"""The three ways beside each other on companies whose future is known, and what they may see of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml.lifetime.build import Past, label
from ml.lifetime.days import Closed, days_of, longest
from ml.lifetime.forecast import choose, forecast
from ml.lifetime.grading import Grading, foresee_tested, grade_ways
from ml.lifetime.two_part import fit_two_part
from ml.lifetime.ways import BUYING, FORMULA, TWO_PART, learn_habits
from tests.ml.lifetime_world import AS_OF, Orders, closed_days, history, labels_after, make_orders, rows_on

YEAR = closed_days(12)


def past_of(orders: Orders, *closed: Closed) -> Past:
    rows, labels = history(orders, closed)
    return label(rows, closed, labels)


@pytest.fixture(scope="module")
def orders() -> Orders:
    return make_orders()


@pytest.fixture(scope="module")
def past(orders: Orders) -> Past:
    return past_of(orders, YEAR)


@pytest.fixture(scope="module")
def grading(past: Past) -> Grading:
    found = grade_ways(past.labelled[12], YEAR)
    assert found is not None
    return found


def test_a_trained_way_is_told_where_the_past_says_otherwise_than_the_formula(grading: Grading) -> None:
    """Projects bought much lately and will buy no more; only what was learned knows by the industry."""
    assert grading.best() == TWO_PART
    assert grading.grade == "A"
    found = {way: each.recall for way, each in grading.measures.items()}
    assert found[TWO_PART] > found[FORMULA] + 0.15
    assert grading.measures[TWO_PART].mae < grading.measures[FORMULA].mae
    assert grading.measures[TWO_PART].bias == pytest.approx(1, abs=0.3)
    assert grading.difference is not None
    assert 0 < grading.difference.low < found[TWO_PART] - found[FORMULA] < grading.difference.high


def test_the_sum_of_what_is_learned_is_the_sum_that_came(past: Past) -> None:
    rows = past.labelled[12]
    known = rows[rows["snapshot_date"].isin([pd.Timestamp(day) for day in YEAR.learned()])]
    model = past.learn(12)
    assert model is not None
    told = model.expected(known)
    assert told.sum() == pytest.approx(known["net_revenue_amount"].sum(), rel=0.1)
    bought = known["order_days_count"].to_numpy() > 0
    active = model.active(known)
    assert active[bought].mean() > active[~bought].mean() + 0.3
    assert active.mean() == pytest.approx(bought.mean(), abs=0.05)


def test_where_nothing_is_surely_better_the_formula_stays() -> None:
    """All of one kind and steady, some large and most small: what was bought lately says nearly all."""
    steady = past_of(make_orders(projects=0.0, accounts=300, unlike=1.5), YEAR)
    found = grade_ways(steady.labelled[12], YEAR)
    assert found is not None
    assert found.difference is not None
    assert found.difference.low <= 0
    assert found.best() == FORMULA
    assert found.measures[FORMULA].recall > 0.6


def test_what_comes_later_changes_nothing_of_what_was_foreseen(orders: Orders, past: Past) -> None:
    rows = past.labelled[12]
    tested, days, foreseen, _ = foresee_tested(rows, YEAR)
    assert set(foreseen) == {FORMULA, BUYING, TWO_PART}
    late = rows["closes_on"] > pd.Timestamp(tested[0])
    turned = rows.copy()
    turned.loc[late, "net_revenue_amount"] = rows.loc[late, "net_revenue_amount"].to_numpy()[::-1]
    turned.loc[late, "order_days_count"] = rows.loc[late, "order_days_count"].to_numpy()[::-1]
    assert not turned["net_revenue_amount"].equals(rows["net_revenue_amount"])
    for way, each in foresee_tested(turned, YEAR)[2].items():
        assert np.array_equal(each, foreseen[way]), way

    shuffled = orders.copy()
    at = (pd.Timestamp(tested[0]) - pd.Timestamp("2022-01-01")).days
    shuffled.loc[shuffled["day"] > at, "amount"] *= 7
    day = days["snapshot_date"] == pd.Timestamp(tested[0])
    again, those, foreseen_then, _ = foresee_tested(past_of(shuffled, YEAR).labelled[12], YEAR)
    assert again == tested
    then = those["snapshot_date"] == pd.Timestamp(tested[0])
    for way, each in foreseen_then.items():
        assert np.array_equal(each[then.to_numpy()], foreseen[way][day.to_numpy()]), way


def test_the_same_rows_give_the_same(past: Past, grading: Grading) -> None:
    rows = past.labelled[12].sample(frac=1.0, random_state=3)
    again = grade_ways(rows, YEAR)
    assert again is not None
    assert again.as_dict() == grading.as_dict()
    ordered = past.labelled[12]
    assert np.array_equal(fit_two_part(rows).expected(ordered), fit_two_part(ordered).expected(ordered))


def test_what_is_learned_had_closed_on_the_first_graded_day(past: Past, grading: Grading) -> None:
    learned = YEAR.learned(until=grading.days[0])
    assert learned
    assert all(day + YEAR.gap <= grading.days[0] for day in learned)
    assert set(learned) | set(grading.days) <= YEAR.needed()
    assert grading.days == YEAR.days[-3:]
    assert {day.date() for day in past.labelled[12]["snapshot_date"]} == YEAR.needed()


def test_where_only_shorter_horizons_have_closed_buying_is_graded_on_the_longest(orders: Orders) -> None:
    half = Closed(6, closed_days(6).days[-2:])
    assert longest([Closed(3, half.days), half], 12) == half
    graded = grade_ways(past_of(orders, half).labelled[6], half)
    assert graded is not None
    assert graded.lack == "no horizon had closed before the graded days"
    assert TWO_PART not in graded.measures
    horizon = choose(12, graded, has_habits=True)
    assert (horizon.method, horizon.is_graded_itself) == (graded.best_without_labels(), False)
    assert "over 6 months, the longest that has closed" in horizon.line()
    told = forecast(rows_on(orders, AS_OF), learn_habits(rows_on(orders, AS_OF)), None, horizon, rate=0)
    assert told["low_amount"].isna().all(), "limits of other months say nothing of these"
    assert (told["graded_months_count"] == 6).all()


def test_a_formula_that_could_not_tell_then_is_not_held_against(past: Past) -> None:
    """Before there was a window whose customers could have come back, it is unknown, not nothing."""
    rows = past.labelled[12].assign(formula_amount=np.nan)
    found = grade_ways(rows, YEAR)
    assert found is not None
    assert FORMULA not in found.measures
    assert (found.difference, found.grade, found.best()) == (None, None, found.challenger)
    assert "not beside the formula" in choose(12, found, has_habits=True).line()
    assert grade_ways(rows.assign(buying_amount=np.nan), YEAR) is None


def test_where_nothing_has_closed_the_formula_is_told(orders: Orders) -> None:
    rows = rows_on(orders, AS_OF)
    horizon = choose(12, None, has_habits=True)
    told = forecast(rows, learn_habits(rows), None, horizon, rate=0)
    assert longest([], 12) is None
    assert "ungraded" in horizon.line()
    assert (told["method_code"] == FORMULA).all()
    assert told["grade_code"].isna().all()
    assert told["lifetime_value_amount"].to_numpy() == pytest.approx(rows["formula_month_amount"] * 12, abs=1e-3)
    nothing = told["lifetime_value_amount"] == 0
    assert nothing.any()
    assert (told.loc[nothing, "clv_note"] == "nothing_lately").all()
    assert told.loc[~nothing, "clv_note"].isna().all()


def test_too_few_customers_are_told_by_the_formula_or_with_a_reason() -> None:
    rows = rows_on(make_orders(accounts=20), AS_OF)
    few = past_of(make_orders(accounts=20), YEAR)
    assert grade_ways(few.labelled[12], YEAR) is None
    assert few.learn(12) is None
    told = forecast(rows, learn_habits(rows), None, choose(12, None, has_habits=False), rate=0)
    assert (told["lifetime_value_amount"] >= 0).all()
    assert told["buying_amount"].isna().all()
    unknown = rows.assign(formula_month_amount=np.nan)
    told = forecast(unknown, None, None, choose(12, None, has_habits=False), rate=0)
    assert told["lifetime_value_amount"].isna().all()
    assert (told["unknown_reason"] == "no_retention_yet").all()
    assert told["clv_note"].isna().all()


def test_nothing_is_negative_and_nought_says_why(orders: Orders, past: Past, grading: Grading) -> None:
    rows = rows_on(orders, AS_OF)
    rows.loc[:1, "net_revenue_total_amount"] = [-50.0, 0.0]
    told = forecast(rows, learn_habits(rows), past.learn(12), choose(12, grading, has_habits=True), rate=0)
    assert (told["method_code"] == TWO_PART).all()
    amounts = told[["lifetime_value_amount", "formula_amount", "buying_amount", "two_part_amount"]]
    assert not amounts.isna().any(axis=None)
    assert (amounts >= 0).all(axis=None)
    assert (amounts.iloc[:2] == 0).all(axis=None)
    assert list(told["clv_note"].iloc[:2]) == ["given_back", "given_back"]
    assert (told["clv_note"].notna() == (told["lifetime_value_amount"] == 0)).all()
    some = told.iloc[2:]
    assert (some["low_amount"] <= some["high_amount"]).all()
    assert told["active_probability"].between(0, 1).all()


def test_what_comes_later_counts_less_by_the_rate(orders: Orders) -> None:
    rows = rows_on(orders, AS_OF)
    habits, horizon = learn_habits(rows), choose(24, None, has_habits=True)
    plain, less = (forecast(rows, habits, None, horizon, rate=rate) for rate in (0.0, 0.01))
    ratio = (less["formula_amount"] / plain["formula_amount"]).dropna()
    even = sum(1.01**-month for month in range(1, 25)) / 24
    assert ratio.between(even - 1e-3, 1 / 1.01).all(), "who buys falls off, so more of it comes early"
    assert plain["expected_order_days"].equals(less["expected_order_days"])


def test_labels_of_the_made_up_company_are_what_came(orders: Orders) -> None:
    day = YEAR.days[0]
    labels = labels_after(orders, day, 12).set_index("account_id")
    at = (pd.Timestamp(day) - pd.Timestamp("2022-01-01")).days
    account = orders[orders["day"] == orders[orders["day"] <= at]["day"].max()]["account_id"].iloc[0]
    mine = orders[orders["account_id"] == account]
    came = [row.amount for row in mine.itertuples() if at < row.day <= at + days_of(12)]
    assert (labels.loc[account, "net_revenue_amount"], labels.loc[account, "order_days_count"]) == (
        pytest.approx(sum(came)), len(came),
    )  # fmt: skip
