"""The formula, and buying times spending: against another's code, by hand, and at their edges."""

from __future__ import annotations

import warnings
from importlib import resources

import numpy as np
import pandas as pd
import pytest

from ml.buying import BuyingModel, Histories
from ml.lifetime.ways import Habits, foresee, has_given_back, learn_habits
from ml.spending import SpendingModel
from tests.ml.lifetime_world import AS_OF, make_orders, rows_on

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from lifetimes import BetaGeoFitter, GammaGammaFitter
    from lifetimes.utils import _customer_lifetime_value

CDNOW = resources.files("lifetimes") / "datasets" / "cdnow_customers_summary_with_transactions.csv"
MONTH = 365 / 12
DAY = pd.Timestamp("2025-06-30")


def cdnow() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Customers who bought again, as lifetimes has them in weeks, and as rows in days."""
    summary = pd.read_csv(str(CDNOW))
    summary = summary[(summary["x"] > 0) & (summary["zbar"] > 0)].reset_index(drop=True)
    rows = pd.DataFrame(
        {
            "account_id": summary["ID"].astype(str),
            "snapshot_date": DAY,
            "order_days_total_count": summary["x"] + 1.0,
            "tenure_days": summary["T"] * 7,
            "days_since_last_order": (summary["T"] - summary["t_x"]) * 7,
            "average_order_day_amount": summary["zbar"],
            "net_revenue_total_amount": summary["zbar"] * (summary["x"] + 1),
            "formula_month_amount": 1.0,
        }
    )
    return summary, rows


@pytest.mark.parametrize("rate", [0.0, 0.02])
@pytest.mark.parametrize("months", [12, 24])
def test_another_code_finds_the_same_lifetime_value_on_cdnow(months: int, rate: float) -> None:
    """lifetimes counts in months of 30 days: here 30 of its days are a twelfth of our 365."""
    summary, rows = cdnow()
    buying = BuyingModel(r=0.243, alpha=4.414 * 7, a=0.793, b=2.426, leaves_at_once=False)
    spending = SpendingModel(p=6.25, q=3.74, v=15.44)
    theirs, amounts, clock = BetaGeoFitter(), GammaGammaFitter(), 30 / MONTH
    theirs.params_ = pd.Series({"r": 0.243, "alpha": 4.414 * 7 * clock, "a": 0.793, "b": 2.426})
    amounts.params_ = pd.Series({"p": 6.25, "q": 3.74, "v": 15.44})
    theirs.predict = theirs.conditional_expected_number_of_purchases_up_to_time
    mean = amounts.conditional_expected_average_profit(summary["x"] + 1, summary["zbar"])
    expected = _customer_lifetime_value(
        theirs, summary["x"], summary["t_x"] * 7 * clock, summary["T"] * 7 * clock, mean, time=months,
        discount_rate=rate, freq="D",
    )  # fmt: skip
    habits = Habits(buying, spending, net_share=1.0)
    ours = habits.foresee(rows, months=months)["buying_amount"] * habits.discount(rows, months=months, rate=rate)
    assert len(rows) > 900
    assert ours == pytest.approx(expected.to_numpy(), rel=1e-6)


def test_of_customers_drawn_by_its_laws_the_sum_comes_true_for_every_kind() -> None:
    """Rates, chances to leave and amounts are drawn; two years are seen, the third is foreseen."""
    random = np.random.default_rng(12)
    seen, ahead, count = 730, 365, 4_000
    first = random.integers(1, seen, count)
    rate, leaves = random.gamma(1.2, 1 / 40, count), random.beta(1.5, 12, count)
    shape, scale = 4.0, random.gamma(4.0, 1 / 300, count)
    rows, brought = [], np.zeros(count)
    for number in range(count):
        days, present = [int(first[number])], random.random() > leaves[number]
        while present and days[-1] < seen + ahead:
            days.append(days[-1] + max(1, round(random.exponential(1 / rate[number]))))
            present = random.random() > leaves[number]
        amounts = random.gamma(shape, 1 / scale[number], len(days))
        known = np.array(days) <= seen
        brought[number] = amounts[~known & (np.array(days) <= seen + ahead)].sum()
        last = np.array(days)[known].max()
        rows.append((known.sum(), seen - first[number], seen - last, amounts[known].mean(), amounts[known].sum(), 0.0))
    columns = [
        "order_days_total_count", "tenure_days", "days_since_last_order", "average_order_day_amount",
        "net_revenue_total_amount", "formula_month_amount",
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=columns, dtype=float)
    habits = learn_habits(frame)
    assert habits is not None
    told = habits.foresee(frame, months=12)
    assert told["buying_amount"].sum() == pytest.approx(brought.sum(), rel=0.1)
    once = (frame["order_days_total_count"] == 1).to_numpy()
    assert once.sum() > 300
    assert told["buying_amount"][once].sum() == pytest.approx(brought[once].sum(), rel=0.2)
    for part in np.array_split(np.argsort(told["buying_amount"]), 4)[1:]:
        assert told["buying_amount"][part].sum() == pytest.approx(brought[part].sum(), rel=0.25)


def test_the_formula_is_its_month_times_the_months() -> None:
    _, rows = cdnow()
    rows["formula_month_amount"] = [np.nan, 0.0, *np.full(len(rows) - 2, 152.0833)]
    told = foresee(rows, {DAY: None}, months=24)
    assert told["formula_amount"].iloc[2:].to_numpy() == pytest.approx(3649.9992)
    assert np.isnan(told["formula_amount"].iloc[0])
    assert told["formula_amount"].iloc[1] == 0
    assert told["buying_amount"].isna().all(), "without habits nothing is foreseen"


def test_who_gave_back_all_it_bought_is_foreseen_to_bring_nothing() -> None:
    rows = rows_on(make_orders(), AS_OF)
    rows.loc[:1, "net_revenue_total_amount"] = [-5.0, 0.0]
    habits = learn_habits(rows)
    told = foresee(rows, {pd.Timestamp(AS_OF): habits}, months=12)
    assert has_given_back(rows).sum() == 2
    assert (told.loc[:1, ["formula_amount", "buying_amount"]] == 0).all(axis=None)
    assert (told.loc[2:, "buying_amount"] > 0).all()


def test_one_time_buyers_may_have_left_and_are_drawn_to_what_is_usual() -> None:
    rows = rows_on(make_orders(), AS_OF)
    habits = learn_habits(rows)
    assert habits is not None
    once = rows.iloc[[0, 0, 0]].assign(
        order_days_total_count=1.0, tenure_days=[5.0, 200.0, 900.0], days_since_last_order=[5.0, 200.0, 900.0],
        average_order_day_amount=habits.spending.usual * 10, net_revenue_total_amount=1.0,
    )  # fmt: skip
    told = habits.foresee(once, months=12)
    assert (np.diff(told["active_probability"]) < 0).all(), "the longer it was silent, the less likely is another order"
    assert ((told["active_probability"] > 0) & (told["active_probability"] < 1)).all()
    net = habits.net_share * habits.spending.usual
    assert ((told["expected_day_amount"] > net) & (told["expected_day_amount"] < 10 * net)).all()
    assert (np.diff(told["buying_amount"]) < 0).all()


def test_what_comes_back_on_other_days_is_taken_off() -> None:
    rows = rows_on(make_orders(), AS_OF)
    less = rows.assign(net_revenue_total_amount=rows["net_revenue_total_amount"] * 0.8)
    whole, part = learn_habits(rows), learn_habits(less)
    assert whole is not None
    assert part is not None
    assert (whole.net_share, part.net_share) == pytest.approx((1.0, 0.8))
    ratio = part.foresee(less, months=12)["buying_amount"] / whole.foresee(rows, months=12)["buying_amount"]
    assert ratio == pytest.approx(0.8)


def test_habits_are_not_learned_from_too_few() -> None:
    assert learn_habits(rows_on(make_orders(accounts=20), AS_OF)) is None


@pytest.mark.parametrize("a", [0.999_999_9, 1.0, 0.4, 3.0])
def test_very_many_order_days_and_a_near_one_give_numbers(a: float) -> None:
    """Against rates and chances to leave drawn as they are of a customer that is still present."""
    model = BuyingModel(r=2.0, alpha=20.0, a=a, b=60.0)
    told = model.purchases(Histories(np.array([3_000.0]), np.array([1_000.0]), np.array([1_001.0])), 700.0)
    random = np.random.default_rng(4)
    rate = random.gamma(model.r + 3_000, 1 / (model.alpha + 1_001), 400_000)
    leaves = random.beta(model.a, model.b + 3_001, 400_000)
    left_by_now = np.mean(np.exp(rate * (1_001 - 1_000)) * leaves / (1 - leaves))  # for one that is still present
    drawn = float(np.mean((1 - np.exp(-rate * leaves * 700)) / leaves) / (1 + left_by_now))
    assert told[0] == pytest.approx(drawn, rel=0.01)


def test_whatever_numbers_are_fitted_expected_order_days_are_within_bounds() -> None:
    """Never below none, nor above what a customer that never leaves would have; and smooth."""
    random = np.random.default_rng(0)
    fallen_back = 0
    for _ in range(400):
        r, alpha, a, b = np.exp(random.uniform(-8, 8, 4))
        model = BuyingModel(r, alpha * 300, a, b)
        repeats, age = np.floor(np.exp(random.uniform(0, 7, 20))) - 1, random.uniform(1, 1500, 20)
        histories = Histories(repeats, np.where(repeats > 0, age * random.random(20), 0.0), age)
        with np.errstate(over="ignore"):
            told, present = model.purchases(histories, 730.0), model.presence(histories)
        assert np.isfinite(told).all()
        assert (told >= 0).all()
        assert (told <= present * (r + repeats) / (alpha * 300 + age) * 730 * 1.001 + 1e-6).all()
        fallen_back += int(a > 1_000)
    assert fallen_back > 10
    once = Histories(np.array([3.0]), np.array([100.0]), np.array([120.0]))
    smooth = [BuyingModel(2.0, 50.0, a, a, True).purchases(once, 365.0)[0] for a in (400.0, 800.0, 1_600.0)]
    assert smooth[1] == pytest.approx(smooth[0], rel=0.02)
    assert smooth[2] == pytest.approx(smooth[1], rel=0.02)
