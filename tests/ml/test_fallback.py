"""Who scores when the champion cannot: the fixed order, step by step."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sklearn

from ml.fallback import Chosen, choose_scorer
from ml.registry import NoChampionError
from ml.rules import ASSUMED, ASSUMED_OF_CONTRACTS, CalibratedRule
from tests.ml.conftest import Marts
from tests.ml.test_train import CURRENT, HISTORY, run
from tests.ml.world import AS_OF

EARLY = AS_OF - timedelta(days=62)


def chosen(marts: Marts, *, days: int = 200, later: int = 0, assumed: CalibratedRule = ASSUMED) -> Chosen:
    with marts.scorer.transaction():
        return choose_scorer(
            marts.scorer,
            as_of=AS_OF + timedelta(days=later),
            models_folder=marts.models,
            model_days_maximum=days,
            assumed=assumed,
        )


def test_each_step_of_the_order_is_taken_when_those_before_it_cannot(marts: Marts) -> None:
    marts.fill(HISTORY, CURRENT)
    before, now = run(marts, as_of=EARLY), run(marts)
    assert before.champion_kind == now.champion_kind == "model"
    whole = chosen(marts)
    assert whole.champion.entry.model_id == now.model_id
    assert not whole.fell_back
    assert not chosen(marts, later=200).fell_back
    aged = chosen(marts, later=201)
    assert now.comparison is not None
    assert aged.champion.method_code == now.comparison.best_rule
    assert "201 days old, more than 200" in aged.notes[0]

    with marts.scorer.transaction():
        marts.scorer.execute("update ops.models set sklearn_version = '0.1' where model_id = %s", (now.model_id,))
    other = chosen(marts)
    assert other.champion.entry.model_id == before.model_id
    assert "fitted with scikit-learn 0.1" in other.notes[0]
    with marts.scorer.transaction():
        marts.scorer.execute("update ops.models set sklearn_version = %s where kind = 'model'", (sklearn.__version__,))

    file = marts.models / str(now.model_id) / "model.skops"
    file.write_bytes(file.read_bytes()[:-100])
    second = chosen(marts)
    assert second.champion.entry.model_id == before.model_id
    note, instead = second.notes
    assert "has sha256" in note
    assert instead == f"{before.model_id} scores in its stead: guanxi train"

    (marts.models / str(before.model_id) / "model.skops").unlink()
    with marts.scorer.transaction():  # a rule that was champion once is no newer for it
        marts.scorer.execute(
            "update ops.models set was_champion = kind = 'rule' and as_of = %s or kind = 'model'", (EARLY,)
        )
    third = chosen(marts)
    assert third.champion.method_code == now.comparison.best_rule
    assert third.champion.entry.as_of == AS_OF, "the newest rule that was tested"
    assert "cannot be read" in third.notes[1]
    assert "guanxi train" in third.notes[-1]

    with marts.scorer.transaction():
        marts.scorer.execute("update ops.models set best_rule = null where kind = 'rule'")
    untested = chosen(marts)
    assert (untested.champion.entry.kind, untested.champion.entry.as_of) == ("rule", EARLY)

    with marts.warehouse.connect_admin() as connection:
        connection.execute("delete from ops.models where kind = 'rule'")
    last = chosen(marts)
    assert (last.champion.method_code, last.champion.pipeline) == ("overdue", None)
    assert "the overdue rule scores in its stead" in last.notes[-1]
    told = last.champion.entry
    assert (told.model_id, told.best_rule, told.grade, told.metrics) == (f"overdue-assumed-{AS_OF}", None, None, {})
    of_contracts = chosen(marts, assumed=ASSUMED_OF_CONTRACTS).champion.entry
    assert of_contracts.calibrated_rule() == ASSUMED_OF_CONTRACTS
    assert of_contracts.features == ["renewal_days_left"]


def test_nothing_trained_is_said(marts: Marts) -> None:
    with pytest.raises(NoChampionError, match="guanxi train"):
        chosen(marts)
