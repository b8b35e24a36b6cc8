"""Why an account is at risk: up to three reasons, one a theme, with the account's value and its peers'."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ml.features import NUMERIC, NUMERIC_NAMES, Feature, Theme
from ml.model import encode, raw_margin, used_features
from ml.rules import Rule

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

Floats = npt.NDArray[np.float64]

REASONS = 3
REASON_COLUMNS = tuple(
    f"reason_{position}_{part}" for position in range(1, REASONS + 1) for part in ("code", "value", "peer_value")
)
_MIN_CONTRIBUTION = 1e-9


def explain_model(pipeline: Pipeline, rows: pd.DataFrame) -> pd.DataFrame:
    """Return REASON_COLUMNS for each row, in order; null where fewer than three themes raise the risk.

    A theme's contribution is the log-odds of the uncalibrated trees minus those with the theme's features set to
    the median of all `rows` (the account's peers: pass everyone eligible of one snapshot). Within a theme the
    feature whose own replacement lowers the log-odds most gives the reason; its name is the reason's code.
    """
    encoded = encode(pipeline, rows)
    names = used_features(pipeline)
    used = [feature for feature in NUMERIC if feature.name in names]
    columns = {feature.name: names.index(feature.name) for feature in used}
    peers = _medians(rows)
    margin = raw_margin(pipeline, encoded)

    def drop_without(features: list[Feature]) -> Floats:
        replaced = encoded.copy()
        for feature in features:
            replaced[:, columns[feature.name]] = peers[feature.name]
        return margin - raw_margin(pipeline, replaced)

    own = np.full((len(rows), len(NUMERIC_NAMES)), -np.inf)
    themes = np.full((len(rows), len(Theme)), -np.inf)
    for place, theme in enumerate(Theme):
        members = [feature for feature in used if feature.theme is theme]
        if members:
            themes[:, place] = drop_without(members)
        for feature in members:
            own[:, NUMERIC_NAMES.index(feature.name)] = drop_without([feature])
    return _reasons(rows, peers, own, themes)


def explain_rule(rule: Rule, rows: pd.DataFrame) -> pd.DataFrame:
    """Return REASON_COLUMNS for each row when a rule made the list.

    A feature's contribution is how far the account's rank among `rows` lies from the middle, on the risky side;
    a theme's is that of its largest. The rule's own feature comes first whenever it is on the risky side.
    """
    own = np.full((len(rows), len(NUMERIC_NAMES)), -np.inf)
    for place, feature in enumerate(NUMERIC):
        if feature.direction != 0:
            rank = (rows[feature.name].rank(method="average") - 0.5) / rows[feature.name].notna().sum()
            own[:, place] = feature.direction * (rank.to_numpy(dtype=np.float64) - 0.5)
    own[np.isnan(own)] = -np.inf
    lead = NUMERIC_NAMES.index(rule.feature)
    own[:, lead] += np.where(own[:, lead] > _MIN_CONTRIBUTION, 1.0, 0.0)
    themes = np.stack([own[:, _members(theme)].max(axis=1) for theme in Theme], axis=1)
    return _reasons(rows, _medians(rows), own, themes)


def _members(theme: Theme) -> list[int]:
    return [place for place, feature in enumerate(NUMERIC) if feature.theme is theme]


def _medians(rows: pd.DataFrame) -> dict[str, float]:
    return {name: float(rows[name].median()) for name in NUMERIC_NAMES}


def _reasons(rows: pd.DataFrame, peers: dict[str, float], own: Floats, themes: Floats) -> pd.DataFrame:
    """Pick themes by contribution and a feature in each; ties go to the earlier one of the frozen list."""
    import pandas as pd  # noqa: PLC0415 - slow to import

    values = rows[list(NUMERIC_NAMES)].to_numpy(dtype=np.float64)
    peer_values = np.array([peers[name] for name in NUMERIC_NAMES])
    own = np.where(np.isnan(values) | np.isnan(peer_values) | (values == peer_values), -np.inf, own)
    best = np.stack([np.array(_members(theme))[own[:, _members(theme)].argmax(axis=1)] for theme in Theme], axis=1)
    every = np.arange(len(rows))
    # a theme without a feature to point at cannot be told to anybody
    for place in range(len(Theme)):
        themes[own[every, best[:, place]] <= _MIN_CONTRIBUTION, place] = -np.inf
    order = np.argsort(-themes, axis=1, kind="stable")[:, :REASONS]
    codes = np.array(NUMERIC_NAMES, dtype=object)
    columns: dict[str, object] = {}
    for position in range(REASONS):
        theme = order[:, position]
        feature = best[every, theme]
        holds = themes[every, theme] > _MIN_CONTRIBUTION
        prefix = f"reason_{position + 1}"
        columns[f"{prefix}_code"] = np.where(holds, codes[feature], None)
        columns[f"{prefix}_value"] = np.where(holds, values[every, feature], np.nan)
        columns[f"{prefix}_peer_value"] = np.where(holds, peer_values[feature], np.nan)
    return pd.DataFrame(columns, index=rows.index)
