"""Model files: written once, and loaded only when they are exactly what was registered."""

from __future__ import annotations

import hashlib
import json
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ml.catalogue import FEATURE_NAMES
from warehouse.errors import Problem

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

MODEL_FILE = "model.skops"
CARD_FILE = "card.json"

TRUSTED_TYPES = (
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
)
"""All that a file may hold besides what skops itself takes for harmless. Frozen: a file never adds to it."""


class ModelFileError(Problem):
    """A model file that is missing, changed, or not ours."""


def save_model(models_folder: Path, model_id: str, pipeline: Pipeline, card: dict[str, Any]) -> str:
    """Write <model_id>/model.skops and card.json in one step and return the model file's sha256.

    A folder that is already there under this name is set aside, not overwritten: call this only when it did not
    verify.
    """
    import skops.io

    models_folder.mkdir(parents=True, exist_ok=True)
    content = skops.io.dumps(pipeline)
    digest = hashlib.sha256(content).hexdigest()
    making = models_folder / f".{model_id}.{secrets.token_hex(4)}"
    making.mkdir()
    (making / MODEL_FILE).write_bytes(content)
    text = json.dumps({**card, "file_sha256": digest}, indent=2, sort_keys=True, ensure_ascii=False)
    (making / CARD_FILE).write_text(text + "\n", encoding="utf-8")
    final = models_folder / model_id
    if final.exists():
        final.rename(models_folder / f"{model_id}.refused-{secrets.token_hex(4)}")
    making.rename(final)
    return digest


def load_model(
    models_folder: Path, model_id: str, *, sha256: str, sklearn_version: str, features: tuple[str, ...]
) -> Pipeline:
    """Return the registered pipeline, or raise ModelFileError without having run anything of the file."""
    import sklearn

    if sklearn_version != sklearn.__version__:
        raise _refused(
            model_id,
            seen=f"it was fitted with scikit-learn {sklearn_version}, here is {sklearn.__version__}",
            expected="the version it was fitted with, since another may predict otherwise",
        )
    if features != FEATURE_NAMES:
        changed = sorted(set(features).symmetric_difference(FEATURE_NAMES))
        raise _refused(
            model_id,
            seen=f"it knows other features: {', '.join(changed) or 'another order'}",
            expected="the feature list of ml/catalogue.py",
        )
    content = _read(models_folder / model_id / MODEL_FILE, model_id)
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise _refused(
            model_id,
            seen=f"{MODEL_FILE} has sha256 {found[:12]}…",
            expected=f"the {sha256[:12]}… that was registered; the file was changed after training",
        )
    return _unpack(content, model_id)


def _read(path: Path, model_id: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _refused(
            model_id,
            seen=f"{path} cannot be read ({error.strerror})",
            expected="the file that training wrote",
        ) from None


def _unpack(content: bytes, model_id: str) -> Pipeline:
    import skops.io
    from sklearn.pipeline import Pipeline

    try:
        loaded = skops.io.loads(content, trusted=list(TRUSTED_TYPES))
    except Exception as error:  # noqa: BLE001 - a crafted file may fail in any way; all mean the same
        raise _refused(
            model_id, seen=f"{MODEL_FILE} holds something foreign ({type(error).__name__})", expected=_OURS
        ) from None
    if not isinstance(loaded, Pipeline) or not _is_sound(loaded):
        raise _refused(model_id, seen=f"{MODEL_FILE} holds another kind of object", expected=_OURS)
    return loaded


_OURS = "a churn pipeline as training writes it, with no other types in it"


def _is_sound(pipeline: Pipeline) -> bool:
    """Say whether the pipeline has our steps and trees that cannot lead outside their own arrays.

    Scikit-learn follows the indices in a tree without looking; a crafted tree could read any memory.
    """
    try:
        names = [str(name) for name in pipeline.named_steps["encode"].feature_names_in_]
        (calibrated,) = pipeline.named_steps["classify"].calibrated_classifiers_
        trees = [tree for one_round in calibrated.estimator._predictors for tree in one_round]
        return set(names) <= set(FEATURE_NAMES) and all(_is_tree(tree.nodes, len(names)) for tree in trees)
    except (AttributeError, KeyError, TypeError, ValueError, IndexError):
        return False


def _is_tree(nodes: np.ndarray[Any, Any], feature_count: int) -> bool:
    inner = np.flatnonzero(nodes["is_leaf"] == 0)
    left, right = nodes["left"][inner].astype(np.int64), nodes["right"][inner].astype(np.int64)
    # children stand after their parent, so every path ends
    return bool(
        len(nodes) > 0
        and (left > inner).all()
        and (right > inner).all()
        and (left < len(nodes)).all()
        and (right < len(nodes)).all()
        and (nodes["feature_idx"][inner] >= 0).all()
        and (nodes["feature_idx"][inner] < feature_count).all()
        and (nodes["is_categorical"][inner] == 0).all()
    )


def _refused(model_id: str, *, seen: str, expected: str) -> ModelFileError:
    return ModelFileError(
        f"model {model_id}",
        seen=seen,
        expected=expected,
        next_step="train again, which sets the old file aside: guanxi train. Nothing was scored.",
    )
