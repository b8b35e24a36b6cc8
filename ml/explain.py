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
Booleans = npt.NDArray[np.bool_]

REASONS = 3
REASON_COLUMNS = tuple(
    f"reason_{position}_{part}" for position in range(1, REASONS + 1) for part in ("code", "value", "peer_value")
)
_MIN_CONTRIBUTION = 1e-9


def explain_model(pipeline: Pipeline, rows: pd.DataFrame) -> pd.DataFrame:
    """Return REASON_COLUMNS for each row, in order; null where fewer than three themes raise the risk.

    A theme's contribution is the log-odds of the uncalibrated trees minus those with the theme's features set to
    the median of all `rows` (the account's peers: pass everyone eligible of one snapshot). Within a theme the
    feature whose own replacement lowers the log-odds most gives the reason; its name is the reason's code. It is
    only named where the account lies on the risky side of its peers (above them, when no direction is fixed).
    """
    encoded = encode(pipeline, rows)
    names = used_features(pipeline)
    used = [feature for feature in NUMERIC if feature.name in names]
    columns = {feature.name: names.index(feature.name) for feature in used}
    peers = _medians(rows)
    margin = raw_margin(pipeline, encoded)

    def lost_without(features: list[Feature], where: Booleans) -> Floats:
        lost = np.full(len(rows), -np.inf)
        if where.any():
            replaced = encoded[where]
            for feature in features:
                replaced[:, columns[feature.name]] = peers[feature.name]
            lost[where] = margin[where] - raw_margin(pipeline, replaced)
        return lost

    own = np.full((len(rows), len(NUMERIC_NAMES)), -np.inf)
    themes = np.full((len(rows), len(Theme)), -np.inf)
    for place, theme in enumerate(Theme):
        members = [feature for feature in used if feature.theme is theme]
        if members:
            themes[:, place] = lost_without(members, np.ones(len(rows), dtype=bool))
        raises = themes[:, place] > _MIN_CONTRIBUTION
        for feature in (each for each in members if each.is_told):
            worse = _is_worse(feature, rows[feature.name].to_numpy(dtype=np.float64), peers[feature.name])
            own[:, NUMERIC_NAMES.index(feature.name)] = lost_without([feature], raises & worse)
    return _reasons(rows, peers, own, themes)


def explain_rule(rule: Rule, rows: pd.DataFrame) -> pd.DataFrame:
    """Return REASON_COLUMNS for each row when a rule made the list.

    A feature's contribution is how far the account's rank among `rows` lies from the middle, on the risky side;
    a theme's is that of its largest. The rule's own feature comes first whenever it is on the risky side.
    """
    own = np.full((len(rows), len(NUMERIC_NAMES)), -np.inf)
    peers = _medians(rows)
    for place, feature in enumerate(NUMERIC):
        if feature.direction != 0 and feature.is_told:
            rank = (rows[feature.name].rank(method="average") - 0.5) / rows[feature.name].notna().sum()
            distance = feature.direction * (rank.to_numpy(dtype=np.float64) - 0.5)
            worse = _is_worse(feature, rows[feature.name].to_numpy(dtype=np.float64), peers[feature.name])
            own[:, place] = np.where(worse, distance, -np.inf)
    lead = NUMERIC_NAMES.index(rule.reason)
    own[:, lead] += np.where(own[:, lead] > _MIN_CONTRIBUTION, 1.0, 0.0)
    themes = np.stack([own[:, _members(theme)].max(axis=1) for theme in Theme], axis=1)
    return _reasons(rows, peers, own, themes)


def _is_worse(feature: Feature, values: Floats, peer: float) -> Booleans:
    """Say where a value lies on the risky side of the peers' (a missing value, or peer, never does)."""
    result: Booleans = (values - peer) * (feature.direction or 1) > 0
    return result


def _members(theme: Theme) -> list[int]:
    return [place for place, feature in enumerate(NUMERIC) if feature.theme is theme]


def _medians(rows: pd.DataFrame) -> dict[str, float]:
    return {name: float(rows[name].median()) for name in NUMERIC_NAMES}


def _reasons(rows: pd.DataFrame, peers: dict[str, float], own: Floats, themes: Floats) -> pd.DataFrame:
    """Pick themes by contribution and a feature in each; ties go to the earlier one of the frozen list."""
    import pandas as pd

    values = rows[list(NUMERIC_NAMES)].to_numpy(dtype=np.float64)
    peer_values = np.array([peers[name] for name in NUMERIC_NAMES])
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
