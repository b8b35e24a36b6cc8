"""Training: who makes the lists, what is registered, and that doing it again changes nothing."""

from __future__ import annotations

import dataclasses
import json
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import psycopg
import pytest

from ml.leaks import LeakSuspectedError
from ml.registry import NoChampionError, has_champion
from ml.rules import ASSUMED
from ml.train import TrainingReport, train
from tests.ml.conftest import Marts
from tests.ml.world import AS_OF, make_rows
from warehouse.night import FencedError

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

HISTORY = make_rows(accounts=300, snapshots=9)
FEW = make_rows(accounts=30, snapshots=3)
CURRENT = make_rows(accounts=60, snapshots=1, seed=9)


def run(marts: Marts, *, as_of: date = AS_OF) -> TrainingReport:
    return train(marts.scorer, schema=marts.schema, as_of=as_of, models_folder=marts.models, claim=marts.claim)


def entries(marts: Marts) -> list[tuple[object, ...]]:
    with marts.scorer.transaction():
        return marts.scorer.execute(
            "select model_id, kind, is_champion, file_sha256, rule, beats_rule, grade from ops.models order by model_id"
        ).fetchall()


def test_a_model_that_beats_the_rules_becomes_champion_and_can_be_loaded(marts: Marts) -> None:
    marts.fill(HISTORY, CURRENT)
    report = run(marts)
    assert report.champion_kind == "model"
    assert report.champion_id == report.model_id
    assert report.comparison is not None
    assert report.comparison.difference.low > 0
    assert report.rows_count == len(HISTORY)
    assert "the model makes the lists" in report.lines()[-1]
    (stand_in,) = (entry for entry in entries(marts) if entry[1] == "rule")
    assert (stand_in[2], stand_in[4]) == (False, report.comparison.best_rule)
    ((model_id, kind, is_champion, sha256, rule, beats_rule, grade),) = (
        entry for entry in entries(marts) if entry[1] == "model"
    )
    assert (model_id, kind, is_champion, rule, beats_rule) == (report.model_id, "model", True, None, True)
    assert grade in {"A", "B"}
    assert has_champion(marts.scorer)
    champion = marts.champion()
    assert champion.method_code == "model"
    card = json.loads((marts.models / str(model_id) / "card.json").read_text())
    assert card["file_sha256"] == sha256
    assert card["metrics"]["qualities"].keys() == {"model", "recency", "frequency", "overdue", "buying"}
    assert card["label_days"] == 90


def test_training_again_on_the_same_data_reuses_the_model(marts: Marts) -> None:
    marts.fill(HISTORY, CURRENT)
    first = run(marts)
    before = entries(marts), sorted(marts.models.iterdir())
    second = run(marts)
    assert second == first
    assert (entries(marts), sorted(marts.models.iterdir())) == before


def test_training_repairs_a_model_file_that_no_longer_verifies(marts: Marts) -> None:
    marts.fill(HISTORY, CURRENT)
    report = run(marts)
    file = marts.models / str(report.model_id) / "model.skops"
    sound = marts.champion().pipeline
    file.write_bytes(b"changed")
    assert run(marts).model_id == report.model_id
    mended = marts.champion().pipeline
    assert sound is not None
    assert mended is not None
    encoded = sound.named_steps["encode"].transform(HISTORY)
    np.testing.assert_array_equal(
        sound.named_steps["classify"].predict_proba(encoded), mended.named_steps["classify"].predict_proba(encoded)
    )
    assert any(".refused-" in path.name for path in marts.models.iterdir())


def test_a_model_without_a_signal_leaves_the_lists_to_the_best_rule(marts: Marts) -> None:
    marts.fill(make_rows(accounts=300, snapshots=9, signal=0.0), CURRENT)
    report = run(marts)
    assert report.comparison is not None
    assert report.champion_kind == report.comparison.best_rule
    assert report.champion_id != report.model_id
    assert "makes the lists" in report.note
    kinds = {kind: is_champion for _, kind, is_champion, *_ in entries(marts)}
    assert kinds == {"model": False, "rule": True}
    assert has_champion(marts.scorer)


def test_too_few_outcomes_leave_the_lists_to_an_untested_rule_and_say_why(marts: Marts) -> None:
    marts.fill(FEW, CURRENT)
    report = run(marts)
    assert (report.model_id, report.champion_kind, report.comparison) == (None, "overdue", None)
    assert "100 of each wanted" in report.note
    assert not has_champion(marts.scorer), "each further training may end this"
    champion = marts.champion()
    assert champion.method_code == "overdue"
    assert list(marts.models.glob("*")) == []


def test_a_history_too_short_for_a_test_is_not_tested_on_itself(marts: Marts) -> None:
    marts.fill(make_rows(accounts=400, snapshots=3), CURRENT)
    report = run(marts)
    assert report.comparison is None
    assert "too short for a test" in report.note


def test_a_company_without_any_label_gets_the_stated_assumption(marts: Marts) -> None:
    marts.fill(HISTORY.head(0), CURRENT)
    run(marts)
    assert marts.champion().entry.calibrated_rule() == ASSUMED


def test_an_untested_rule_does_not_push_out_a_tested_champion(marts: Marts, pipeline: Pipeline) -> None:
    tested = marts.install(pipeline)
    marts.fill(FEW, CURRENT)
    report = run(marts)
    assert report.champion_id == tested.model_id
    assert marts.champion().entry.model_id == tested.model_id


def test_a_suspected_leak_stops_the_training_and_registers_nothing(marts: Marts) -> None:
    leaky = HISTORY.assign(return_rate_365d=np.where(HISTORY["is_churned"], 0.9, 0.1))
    marts.fill(leaky, CURRENT)
    with pytest.raises(LeakSuspectedError, match="return_rate_365d"):
        run(marts)
    assert entries(marts) == []


def test_a_fenced_training_registers_nothing_and_leaves_the_champion(marts: Marts) -> None:
    marts.fill(FEW, CURRENT)
    lost = dataclasses.replace(marts.claim, token="00000000-0000-0000-0000-000000000000")
    with pytest.raises(FencedError):
        train(marts.scorer, schema=marts.schema, as_of=AS_OF, models_folder=marts.models, claim=lost)
    assert entries(marts) == []


def test_a_night_is_never_scored_with_what_was_learned_on_later_days(marts: Marts) -> None:
    marts.fill(FEW, CURRENT)
    early = AS_OF - timedelta(days=30)
    old = run(marts, as_of=early)
    new = run(marts, as_of=AS_OF)
    assert old.champion_id != new.champion_id

    def champion_on(day: date) -> str:
        return marts.champion(day).entry.model_id

    assert champion_on(AS_OF) == new.champion_id
    assert champion_on(AS_OF - timedelta(days=1)) == old.champion_id
    assert not has_champion(marts.scorer, as_of=early - timedelta(days=1))
    with pytest.raises(NoChampionError, match="guanxi train"):
        champion_on(early - timedelta(days=1))


def test_a_training_for_an_earlier_day_leaves_the_champion_of_later_days(marts: Marts, pipeline: Pipeline) -> None:
    latest = marts.install(pipeline)
    marts.fill(FEW, CURRENT)
    early = AS_OF - timedelta(days=30)
    old = run(marts, as_of=early)

    def champion_on(day: date) -> str:
        return marts.champion(day).entry.model_id

    assert (champion_on(early), champion_on(AS_OF)) == (old.champion_id, latest.model_id)


def test_there_is_one_champion_even_if_a_program_asks_for_two(marts: Marts) -> None:
    marts.fill(FEW, CURRENT)
    run(marts)
    with pytest.raises(psycopg.errors.UniqueViolation), marts.scorer.transaction():
        marts.scorer.execute(
            "insert into ops.models (model_id, kind, as_of, features, sklearn_version, rule, rule_slope,"
            " rule_intercept, metrics, note, is_champion, was_champion)"
            " values ('x', 'rule', '2025-01-01', '{}', '1', 'overdue', 1, 0, '{}', '', true, true)"
        )
