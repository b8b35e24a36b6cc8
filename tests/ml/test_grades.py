"""The ladder, the grading over days, the curves, and what is told before anything is fitted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml.catalogue import NUMERIC_NAMES
from ml.compare import MODEL
from ml.evaluate import calibration_error, calibration_slope, share_limits
from ml.grades import ladder
from ml.grades.curves import gain, lift, precision_recall, reliability, roc
from ml.grades.evaluation import evaluate
from ml.grades.grading import Grading, NothingToGradeError, gradable_days, grade_days
from ml.grades.sufficiency import judge_sufficiency
from ml.grades.unseen import judge_unseen
from ml.model import churn_probability, fit_model
from tests.ml.world import make_rows

pytestmark = pytest.mark.xdist_group("grades")  # one worker grades for all

ROWS = make_rows(accounts=200, snapshots=8)


@pytest.fixture(scope="module")
def grading() -> Grading:
    return grade_days(ROWS, capacity=20)


def test_every_day_is_learned_only_from_labels_known_on_it(grading: Grading) -> None:
    assert len(grading.days) == len(gradable_days(ROWS)) > 2
    for day in grading.days:
        known = ROWS[ROWS["closes_on"] <= pd.Timestamp(day.snapshot_date)]
        assert day.trained_count == len(known)
        assert set(day.rows["snapshot_date"]) == {pd.Timestamp(day.snapshot_date)}


def test_a_day_does_not_change_with_what_came_after_it(grading: Grading) -> None:
    """The truth of later days is turned upside down; the forecasts of a day stay what they were."""
    day = grading.days[1]
    later = ROWS["closes_on"] > pd.Timestamp(day.snapshot_date)
    mutated = ROWS.assign(is_churned=ROWS["is_churned"] ^ later)
    again = grade_days(mutated, capacity=20, days=[day.snapshot_date]).days[0]
    for method, forecast in day.forecasts.items():
        np.testing.assert_array_equal(forecast.probability, again.forecasts[method].probability, err_msg=method)


def test_every_rung_stands_beside_the_model(grading: Grading) -> None:
    assert grading.methods == [  # nothing is known of buying in these rows, nor of contracts
        MODEL, "base_rate", "halving", "recency", "frequency", "overdue", "logistic", "boosting"
    ]  # fmt: skip
    first = grading.days[0].qualities
    assert first["base_rate"].auc == pytest.approx(0.5)
    assert first["base_rate"].average_precision == pytest.approx(first["base_rate"].base_rate)
    assert grading.mean(MODEL, "auc") == pytest.approx(np.mean([day.qualities[MODEL].auc for day in grading.days]))
    for day in grading.days:
        best = max(quality.auc for name, quality in day.qualities.items() if name != MODEL)
        assert day.lead("auc") == pytest.approx(day.qualities[MODEL].auc - best)
    assert grading.worst_lead("auc") == min(day.lead("auc") for day in grading.days)


def test_shuffled_labels_leave_nothing_to_find() -> None:
    shuffled = ROWS.assign(is_churned=np.random.default_rng(3).permutation(ROWS["is_churned"].to_numpy()))
    found = grade_days(shuffled, capacity=20)
    for method in (MODEL, "logistic", "boosting"):
        mean = found.mean(method, "auc")
        assert mean is not None
        assert abs(mean - 0.5) < 0.06, method


def test_the_window_is_halved_to_a_month_and_the_best_is_taken() -> None:
    assert ladder.halved(90) == [90, 45, 22]
    assert ladder.halved(365) == [365, 182, 91, 45, 22]
    assert ladder.halved(31) == [31]
    silent = np.array([10.0, 30.0, 50.0, 100.0] * 5)
    rows = pd.DataFrame({
        "days_since_last_order": silent,
        "is_churned": silent >= 50,
        "snapshot_date": pd.Timestamp("2025-01-31"),
        "closes_on": pd.Timestamp("2025-05-01"),
    })  # fmt: skip
    said = ladder.halving(rows, rows)
    np.testing.assert_array_equal(said.score > 0, silent >= 45)
    np.testing.assert_array_equal(said.probability, rows["is_churned"].astype(float))


def test_a_small_company_is_graded_on_its_newest_days_together() -> None:
    """35 accounts: no day alone has twenty that left and twenty that stayed."""
    rows = make_rows(accounts=35, snapshots=16)
    assert gradable_days(rows) == []
    told = evaluate(rows, capacity=5)
    assert told.grading is not None
    (window,) = told.grading.days
    assert len(set(window.rows["snapshot_date"])) > 1
    assert window.trained_count == (rows["closes_on"] <= window.rows["snapshot_date"].min()).sum()
    best = max(quality.auc for name, quality in window.qualities.items() if name != MODEL)
    assert told.grading.worst_lead("auc") == pytest.approx(window.qualities[MODEL].auc - best)


def test_too_short_a_history_says_what_it_lacks() -> None:
    with pytest.raises(NothingToGradeError, match="a longer history"):
        grade_days(make_rows(accounts=60, snapshots=2), capacity=20)


def test_the_curves_are_those_of_a_hand_made_ranking() -> None:
    churned = np.array([True, False, True, False])
    score = np.array([0.9, 0.8, 0.7, 0.1])
    assert roc(churned, score).x[-1] == roc(churned, score).y[-1] == 1
    found = gain(churned, score)
    assert found.x == [0, 0.25, 0.5, 0.75, 1]
    assert found.y == [0, 0.5, 0.5, 1, 1]
    assert gain(churned, score, np.array([1.0, 5.0, 3.0, 5.0])).y == [0, 0.25, 0.25, 1, 1]
    assert lift(churned, score).y == pytest.approx([2, 1, 4 / 3, 1])
    points = precision_recall(churned, score)
    assert list(zip(points.x, points.y, strict=True))[2:4] == [(0.5, 0.5), (1.0, pytest.approx(2 / 3))]


def test_calibration_is_told_by_parts_with_wilsons_limits() -> None:
    probability = np.repeat([0.1, 0.5], 50)
    churned = np.tile([True, False], 50)
    found = reliability(churned, probability, parts=2)
    assert (found.said, found.happened, found.counts) == ([pytest.approx(0.1), 0.5], [0.5, 0.5], [50, 50])
    assert calibration_error(churned, probability, parts=2) == pytest.approx(0.2)
    # 8 of 10, by the formula's usual example
    assert share_limits(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)


def test_the_slope_says_whether_probabilities_say_too_much() -> None:
    random = np.random.default_rng(5)
    odds = random.normal(0, 1, 40_000)
    churned = random.random(odds.size) < 1 / (1 + np.exp(-odds))
    for times in (0.5, 1.0, 2.0):
        slope = calibration_slope(churned, 1 / (1 + np.exp(-times * odds)))
        assert slope == pytest.approx(1 / times, abs=0.05)
    assert calibration_slope(churned, np.full(odds.size, 0.3)) is None


def test_what_there_is_to_learn_from_is_told_first() -> None:
    found = judge_sufficiency(ROWS)
    assert found.lack is None
    told = {finding.name_en: finding for finding in found.findings}
    assert told["accounts"].seen == "200"
    assert not told["accounts"].is_met
    assert not told["accounts"].is_required
    never = [name for name in NUMERIC_NAMES if ROWS[name].isna().all()]
    assert told["features that are never known"].seen == f"{', '.join(never[:8])} and {len(never) - 8} more"


@pytest.mark.parametrize(
    ("rows", "lack"),
    [
        (ROWS.assign(is_churned=True), "outcomes"),
        (ROWS.assign(is_churned=ROWS.index % 40 == 0), "share that churned"),
        (make_rows(accounts=400, snapshots=3), "days to test on"),
        (ROWS.head(0), "outcomes"),
        (make_rows(accounts=10, snapshots=4), "outcomes"),
    ],
    ids=["one class", "hardly anybody leaves", "short history", "nothing", "few accounts"],
)
def test_what_lacks_is_named_and_nothing_is_fitted(rows: pd.DataFrame, lack: str) -> None:
    assert lack in (judge_sufficiency(rows).lack or "")
    told = evaluate(rows, capacity=20)
    assert told.grading is None
    assert lack in told.verdict()


def test_without_a_row_nothing_is_said_of_features() -> None:
    told = judge_sufficiency(ROWS.head(0))
    assert not any("feature" in finding.name_en for finding in told.findings)
    assert told.lack is not None


def test_a_feature_that_never_varies_is_told() -> None:
    rows = ROWS.assign(products_365d_count=3.0)
    (told,) = [each for each in judge_sufficiency(rows).findings if each.name_en == "features that never vary"]
    assert told.seen == "products_365d_count"


def test_an_evaluation_is_the_same_twice_and_says_what_its_parts_say() -> None:
    first, second = (evaluate(ROWS, capacity=20) for _ in range(2))
    assert first.as_dict() == second.as_dict()
    assert first.grading is not None
    assert first.reliability is not None
    churned, probability = first.grading.pooled(MODEL)
    assert sum(first.reliability.counts) == len(churned) == len(probability)
    tenure = [group for group in first.groups if group.kind == "tenure"]
    assert sum(group.count for group in tenure) == len(churned)
    assert set(first.reasons) <= set(NUMERIC_NAMES) - {"silence_probability"}
    assert first.grade in {"A", "B", "C"}


def test_accounts_never_seen_are_judged_by_models_that_learned_from_none_of_them(
    grading: Grading, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned: list[set[str]] = []
    judged: list[set[str]] = []

    def learn(rows: pd.DataFrame) -> object:
        learned.append(set(rows["account_id"]))
        assert rows["closes_on"].max() <= pd.Timestamp(grading.days[-1].snapshot_date)
        return fit_model(rows)

    def judge(pipeline: object, rows: pd.DataFrame) -> np.ndarray:
        judged.append(set(rows["account_id"]))
        return churn_probability(pipeline, rows)

    monkeypatch.setattr("ml.grades.unseen.fit_model", learn)
    monkeypatch.setattr("ml.grades.unseen.churn_probability", judge)
    told = judge_unseen(ROWS, grading, capacity=20)
    day = grading.days[-1]
    assert all(not before & then for before, then in zip(learned, judged, strict=True))
    assert sorted(account for part in judged for account in part) == sorted(day.rows["account_id"])
    assert told.seen == day.qualities[MODEL]
    assert told.unseen.row_count == len(day.rows)
    assert 0.55 < told.unseen.auc < 1, "what was planted holds for strangers too"
