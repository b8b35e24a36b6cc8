"""The model of buying against the published fit, against another's code, and against customers drawn from it."""

from __future__ import annotations

import warnings
from importlib import resources

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from ml.buying import BuyingModel, BuyingModelError, Histories, fit_buying
from ml.silence import silence_of

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from lifetimes import BetaGeoFitter, ModifiedBetaGeoFitter

CDNOW = resources.files("lifetimes") / "datasets"
WEEKS = 39

Drawn = tuple[BuyingModel, Histories, npt.NDArray[np.int64]]


@pytest.fixture(scope="module")
def cdnow() -> Histories:
    """2,357 customers of CDNOW over their first 39 weeks, the usual first half."""
    summary = pd.read_csv(str(CDNOW / "cdnow_customers_summary.csv"))
    return Histories(*(summary[name].to_numpy(dtype=np.float64) for name in ("frequency", "recency", "T")))


def test_the_published_numbers_of_cdnow_come_out(cdnow: Histories) -> None:
    """Fader, Hardie and Lee 2005, table 2: r 0.243, alpha 4.414, a 0.793, b 2.426."""
    found = fit_buying(cdnow, leaves_at_once=False, penalty=0)
    assert (found.r, found.alpha, found.a, found.b) == pytest.approx((0.243, 4.414, 0.793, 2.426), abs=0.001)


@pytest.mark.parametrize("leaves_at_once", [False, True], ids=["BG/NBD", "MBG/NBD"])
def test_another_code_finds_the_same(cdnow: Histories, leaves_at_once: bool) -> None:
    theirs = (ModifiedBetaGeoFitter if leaves_at_once else BetaGeoFitter)()
    theirs.fit(cdnow.repeats, cdnow.last, cdnow.age)
    ours = fit_buying(cdnow, leaves_at_once=leaves_at_once, penalty=0)
    assert (ours.r, ours.alpha, ours.a, ours.b) == pytest.approx(tuple(theirs.params_), rel=1e-3)
    r, alpha, a, b = (float(each) for each in theirs.params_)
    same = BuyingModel(r, alpha, a, b, leaves_at_once)
    table = (cdnow.repeats, cdnow.last, cdnow.age)
    assert same.presence(cdnow) == pytest.approx(np.asarray(theirs.conditional_probability_alive(*table)))
    expected = theirs.conditional_expected_number_of_purchases_up_to_time(WEEKS, *table)
    assert same.purchases(cdnow, WEEKS) == pytest.approx(np.asarray(expected))


def test_the_repeats_of_cdnow_in_the_second_half_are_foreseen(cdnow: Histories) -> None:
    """The published fit foresees some too few; ours, whose numbers are drawn a little to nought, is no worse."""
    days = pd.read_csv(str(CDNOW / "CDNOW_sample.txt"), header=None, sep=r"\s+", usecols=[1, 2], names=["who", "day"])
    days = days.assign(day=pd.to_datetime(days["day"], format="%Y%m%d")).drop_duplicates()
    happened = int((days["day"] > pd.Timestamp("1997-09-30")).sum())
    published = BuyingModel(0.243, 4.414, 0.793, 2.426, leaves_at_once=False)
    foreseen = published.purchases(cdnow, WEEKS).sum()
    ours = fit_buying(cdnow, leaves_at_once=False).purchases(cdnow, WEEKS).sum()
    assert happened > foreseen > 0.85 * happened
    assert abs(ours - happened) <= abs(foreseen - happened) + 0.01 * happened


@pytest.fixture(scope="module")
def drawn() -> Drawn:
    """Customers drawn from known numbers over 600 days, with their purchases in the 90 days after."""
    true, dice = BuyingModel(0.9, 30.0, 0.7, 3.0), np.random.default_rng(7)
    rows, after = [], []
    for age in dice.uniform(30, 600, 6000):
        rate, leaves = dice.gamma(true.r, 1 / true.alpha), dice.beta(true.a, true.b)
        day, bought, here = 0.0, [0.0], dice.random() >= leaves
        while here and day < age + 90:
            day += dice.exponential(1 / rate) if rate > 0 else np.inf
            bought.append(day)
            here = dice.random() >= leaves
        past = [each for each in bought if each <= age]
        rows.append((len(past) - 1, past[-1], age))
        after.append(sum(age < each <= age + 90 for each in bought))
    repeats, last, age = np.array(rows).T
    return true, Histories(repeats, last, age), np.array(after)


def test_numbers_that_customers_were_drawn_from_are_found_again(
    drawn: Drawn,
) -> None:
    true, histories, _ = drawn
    found = fit_buying(histories)
    assert (found.r, found.alpha, found.a / (found.a + found.b)) == pytest.approx(
        (true.r, true.alpha, true.a / (true.a + true.b)), rel=0.15
    )
    assert found == fit_buying(histories), "the same histories, the same numbers"


def test_silence_and_purchases_are_what_follows(drawn: Drawn) -> None:
    true, histories, after = drawn
    silence = true.silence(histories, 90)
    assert ((silence >= 0) & (silence <= 1)).all()
    for group in np.array_split(np.argsort(silence), 5):
        assert silence[group].mean() == pytest.approx((after[group] == 0).mean(), abs=0.04)
    assert true.purchases(histories, 90).sum() == pytest.approx(after.sum(), rel=0.05)


def test_who_bought_once_may_have_left(cdnow: Histories) -> None:
    once = Histories(np.zeros(3), np.zeros(3), np.array([1.0, 40.0, 400.0]))
    present = fit_buying(cdnow).presence(once)
    assert (np.diff(present) < 0).all()
    assert (fit_buying(cdnow, leaves_at_once=False).presence(once) == 1).all()


@pytest.mark.parametrize(
    "customers", [Histories(*np.ones((3, 29))), Histories(*np.zeros((3, 90)))], ids=["few", "once"]
)
def test_too_little_to_learn_from_is_told(customers: Histories) -> None:
    with pytest.raises(BuyingModelError, match="customers, some of whom bought again"):
        fit_buying(customers)


def test_silence_is_made_of_what_was_known_on_each_day(drawn: Drawn) -> None:
    """A later day changes nothing of an earlier one; a day that nobody knows has none."""
    _, histories, _ = drawn
    days = pd.to_datetime(["2025-01-31", "2025-02-28"])
    everybody = pd.concat(
        [
            pd.DataFrame(
                {
                    "snapshot_date": day,
                    "order_days_total_count": histories.repeats[:800] + 1,
                    "tenure_days": histories.age[:800] + 28 * later,
                    "days_since_last_order": histories.age[:800] - histories.last[:800] + 28 * later,
                }
            )
            for later, day in enumerate(days)
        ],
        ignore_index=True,
    )
    both = silence_of(everybody, everybody, horizon_days=90)
    first = everybody[everybody["snapshot_date"] == days[0]]
    assert silence_of(first, first, horizon_days=90).equals(both[first.index])
    assert both.groupby(everybody["snapshot_date"]).mean().is_monotonic_increasing, "silence grows with time"
    unknown = first.assign(snapshot_date=pd.Timestamp("2024-12-31"))
    assert silence_of(unknown, everybody, horizon_days=90).isna().all()
