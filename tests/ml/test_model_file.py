"""Model files are loaded only when they are exactly what training wrote."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib  # type: ignore[import-untyped]
import numpy as np
import pandas as pd
import pytest
import sklearn
import skops.io
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from ml.catalogue import FEATURE_NAMES
from ml.model import churn_probability
from ml.model_file import TRUSTED_TYPES, ModelFileError, load_model, save_model

if TYPE_CHECKING:
    from collections.abc import Callable

MODEL_ID = "churn-2026-01-01-abc"


@dataclass(frozen=True, slots=True)
class Saved:
    """A model file on disk with what the registry would know of it."""

    folder: Path
    sha256: str

    @property
    def file(self) -> Path:
        return self.folder / MODEL_ID / "model.skops"

    def load(self, **changes: Any) -> Pipeline:
        known: dict[str, Any] = {
            "sha256": self.sha256,
            "sklearn_version": sklearn.__version__,
            "features": FEATURE_NAMES,
        }
        return load_model(self.folder, MODEL_ID, **(known | changes))

    def put(self, content: bytes) -> Saved:
        """Replace the file, and let the registry believe that this is what was trained."""
        self.file.write_bytes(content)
        return Saved(self.folder, hashlib.sha256(content).hexdigest())


@pytest.fixture
def saved(pipeline: Pipeline, tmp_path: Path) -> Saved:
    return Saved(tmp_path, save_model(tmp_path, MODEL_ID, pipeline, {"model_id": MODEL_ID}))


def test_what_was_saved_predicts_the_same(saved: Saved, pipeline: Pipeline, rows: pd.DataFrame) -> None:
    np.testing.assert_array_equal(churn_probability(saved.load(), rows), churn_probability(pipeline, rows))


def test_the_card_lies_beside_the_model_and_names_its_hash(saved: Saved) -> None:
    card = json.loads((saved.folder / MODEL_ID / "card.json").read_text())
    assert card["file_sha256"] == saved.sha256 == hashlib.sha256(saved.file.read_bytes()).hexdigest()


def test_nothing_half_written_is_left_and_an_old_folder_is_set_aside(saved: Saved, pipeline: Pipeline) -> None:
    saved.file.write_bytes(b"broken")
    save_model(saved.folder, MODEL_ID, pipeline, {})
    names = sorted(path.name.split(".refused")[0] for path in saved.folder.iterdir())
    assert names == [MODEL_ID, MODEL_ID]
    assert saved.file.read_bytes() != b"broken"


def test_a_model_needs_no_more_types_than_are_trusted(saved: Saved) -> None:
    assert set(skops.io.get_untrusted_types(file=saved.file)) == set(TRUSTED_TYPES)


def test_a_missing_file_is_refused(saved: Saved) -> None:
    saved.file.unlink()
    with pytest.raises(ModelFileError, match="cannot be read") as refused:
        saved.load()
    assert "guanxi train" in refused.value.next_step


def test_a_changed_file_is_refused(saved: Saved) -> None:
    content = bytearray(saved.file.read_bytes())
    content[len(content) // 2] ^= 1
    saved.file.write_bytes(bytes(content))
    with pytest.raises(ModelFileError, match="changed after training"):
        saved.load()


def test_a_truncated_file_is_refused_even_when_registered(saved: Saved) -> None:
    forged = saved.put(saved.file.read_bytes()[:-1000])
    with pytest.raises(ModelFileError, match="something foreign"):
        forged.load()


def test_a_model_of_another_scikit_learn_is_refused(saved: Saved) -> None:
    with pytest.raises(ModelFileError, match=r"scikit-learn 0\.24\.0"):
        saved.load(sklearn_version="0.24.0")


def test_a_model_of_other_features_is_refused(saved: Saved) -> None:
    with pytest.raises(ModelFileError, match="shoe_size"):
        saved.load(features=(*FEATURE_NAMES, "shoe_size"))


class _Evil:
    """Runs a command when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {self.mark}",)


def test_a_pickle_renamed_is_refused_and_not_run(saved: Saved, tmp_path: Path) -> None:
    mark = tmp_path / "run"
    content = io.BytesIO()
    joblib.dump(_Evil(mark), content)
    forged = saved.put(content.getvalue())
    with pytest.raises(ModelFileError, match="something foreign"):
        forged.load()
    assert not mark.exists()


@pytest.mark.parametrize("function", [os.system, print, eval])
def test_a_skops_file_with_a_function_of_its_own_is_refused(saved: Saved, function: Callable[..., Any]) -> None:
    evil = Pipeline([("encode", FunctionTransformer(func=function)), ("classify", FunctionTransformer())])
    forged = saved.put(skops.io.dumps(evil))
    with pytest.raises(ModelFileError, match="something foreign"):
        forged.load()


def test_a_skops_file_that_claims_a_harmless_type_for_another_is_refused(saved: Saved) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(saved.file) as old, zipfile.ZipFile(content, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "schema.json":
                schema = json.loads(data)
                schema["content"]["content"] = {"__module__": "os", "__class__": "system"} | schema["content"][
                    "content"
                ]
                schema["__module__"], schema["__class__"] = "os", "system"
                data = json.dumps(schema).encode()
            new.writestr(name, data)
    forged = saved.put(content.getvalue())
    with pytest.raises(ModelFileError, match="something foreign"):
        forged.load()


def test_another_kind_of_model_is_refused(saved: Saved) -> None:
    forged = saved.put(skops.io.dumps(Pipeline([("encode", FunctionTransformer()), ("classify", "passthrough")])))
    with pytest.raises(ModelFileError, match="another kind of object"):
        forged.load()


@pytest.mark.parametrize("field", ["left", "right", "feature_idx"])
def test_a_tree_that_leads_outside_its_own_arrays_is_refused(saved: Saved, field: str) -> None:
    crafted = saved.load()
    nodes = crafted.named_steps["classify"].calibrated_classifiers_[0].estimator._predictors[3][0].nodes
    inner = np.flatnonzero(nodes["is_leaf"] == 0)
    nodes[field][inner[0]] = 60_000
    forged = saved.put(skops.io.dumps(crafted))
    with pytest.raises(ModelFileError, match="another kind of object"):
        forged.load()


def test_a_tree_that_never_ends_is_refused(saved: Saved) -> None:
    crafted = saved.load()
    nodes = crafted.named_steps["classify"].calibrated_classifiers_[0].estimator._predictors[0][0].nodes
    nodes["left"][0] = 0
    forged = saved.put(skops.io.dumps(crafted))
    with pytest.raises(ModelFileError, match="another kind of object"):
        forged.load()
