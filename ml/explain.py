"""Why an account is at risk, and what speaks against it: a theme each, with the account's value and its peers'."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ml.catalogue import NUMERIC, NUMERIC_NAMES, Feature, Theme
from ml.model import encode, raw_margin, used_features
from ml.rules import Rule

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

PLACES = tuple(
    f"{kind}_{position}" for kind, count in (("reason", 3), ("protection", 2)) for position in range(1, count + 1)
)
"""What is told of an account: reasons raise its risk, protections lower it, the largest first."""
REASON_COLUMNS = tuple(f"{place}_{part}" for place in PLACES for part in ("code", "value", "peer_value"))
CHANGE_COLUMNS = tuple(f"{place}_change_90d_value" for place in PLACES)
_MIN_CONTRIBUTION = 1e-9


def explain_model(pipeline: Pipeline, rows: pd.DataFrame) -> pd.DataFrame:
    """Return REASON_COLUMNS for each row; null where fewer themes raise (or lower) the risk.

    A theme's contribution is the log-odds of the uncalibrated trees minus those with the theme's features set to
    the median of all `rows` (the account's peers: pass everyone eligible of one snapshot). Within a theme the
    feature whose own replacement lowers the log-odds most gives the reason; its name is the reason's code. It is
    only named where the account lies on the risky side of its peers (above them, when no direction is fixed).
    Protections are the same with the signs turned.
    """
    encoded = encode(pipeline, rows)
    names = used_features(pipeline)
    used = [feature for feature in NUMERIC if feature.name in names]
    columns = {feature.name: names.index(feature.name) for feature in used}
    peers = _medians(rows)
    margin = raw_margin(pipeline, encoded)

    def added_by(features: list[Feature], where: Booleans) -> Floats:
        added = np.zeros(len(rows))
        if where.any():
            replaced = encoded[where]
            for feature in features:
                replaced[:, columns[feature.name]] = peers[feature.name]
            added[where] = margin[where] - raw_margin(pipeline, replaced)
        return added

    own = np.zeros((len(rows), len(NUMERIC_NAMES)))
    themes = np.zeros((len(rows), len(Theme)))
    for place, theme in enumerate(Theme):
        members = [feature for feature in used if feature.theme is theme]
        if members:
            themes[:, place] = added_by(members, np.ones(len(rows), dtype=bool))
        for feature in (each for each in members if each.is_told):
            side = _side(feature, rows[feature.name].to_numpy(dtype=np.float64), peers[feature.name])
            agrees = (side * themes[:, place] > 0) & (np.abs(themes[:, place]) > _MIN_CONTRIBUTION)
            added = added_by([feature], agrees)
            # one that works against its own side is nothing to tell
            own[:, NUMERIC_NAMES.index(feature.name)] = np.where(side * added > 0, added, 0.0)
    return _told(rows, peers, own, themes)


def explain_rule(rule: Rule, rows: pd.DataFrame) -> pd.DataFrame:
    """Return REASON_COLUMNS for each row when a rule made the list.

    A feature's contribution is how far the account's rank among `rows` lies from the middle, to the risky side or
    the safe one; a theme's is that of its largest. The rule's own feature comes first on the side on which it is.
    """
    own = np.zeros((len(rows), len(NUMERIC_NAMES)))
    peers = _medians(rows)
    for place, feature in enumerate(NUMERIC):
        if feature.direction != 0 and feature.is_told:
            rank = (rows[feature.name].rank(method="average") - 0.5) / rows[feature.name].notna().sum()
            distance = feature.direction * (rank.to_numpy(dtype=np.float64) - 0.5)
            side = _side(feature, rows[feature.name].to_numpy(dtype=np.float64), peers[feature.name])
            own[:, place] = np.where(side * distance > 0, distance, 0.0)
    lead = NUMERIC_NAMES.index(rule.reason)
    own[:, lead] += np.where(np.abs(own[:, lead]) > _MIN_CONTRIBUTION, np.sign(own[:, lead]), 0.0)
    return _told(rows, peers, own, None)


def add_changes(told: pd.DataFrame, rows: pd.DataFrame, earlier: pd.DataFrame) -> pd.DataFrame:
    """Return `told` with CHANGE_COLUMNS: the value of each reason and protection less the account's at an earlier day.

    `rows` are those that were explained; `earlier` has account_id and the features of that day, an account at most
    once. Null where the account has no row, or no value, of that day.
    """
    import pandas as pd

    before = rows[["account_id"]].merge(earlier, on="account_id", how="left", validate="m:1")
    known = [name for name in NUMERIC_NAMES if name in before.columns]
    values = before[known].to_numpy(dtype=np.float64)
    every = np.arange(len(rows))
    columns = {}
    for place, name in zip(PLACES, CHANGE_COLUMNS, strict=True):
        feature = pd.Index(known).get_indexer(pd.Index(told[f"{place}_code"]))
        was = np.where(feature >= 0, values[every, feature], np.nan)
        columns[name] = told[f"{place}_value"].to_numpy(dtype=np.float64) - was
    return told.assign(**columns)


def _side(feature: Feature, values: Floats, peer: float) -> Floats:
    """Say on which side of the peers' a value lies: 1 the risky one, -1 the safe one, 0 neither or not known."""
    return np.nan_to_num(np.sign((values - peer) * (feature.direction or 1)))


def _members(theme: Theme) -> list[int]:
    return [place for place, feature in enumerate(NUMERIC) if feature.theme is theme]


def _medians(rows: pd.DataFrame) -> dict[str, float]:
    return {name: float(rows[name].median()) for name in NUMERIC_NAMES}


def _told(rows: pd.DataFrame, peers: dict[str, float], own: Floats, themes: Floats | None) -> pd.DataFrame:
    """Pick themes by contribution and a feature in each; ties go to the earlier one of the frozen list.

    Contributions above 0 raise the risk and give reasons, those below lower it and give protections. Without
    `themes`, a theme's is that of its largest feature.
    """
    import pandas as pd

    values = rows[list(NUMERIC_NAMES)].to_numpy(dtype=np.float64)
    peer_values = np.array([peers[name] for name in NUMERIC_NAMES])
    codes = np.array(NUMERIC_NAMES, dtype=object)
    every = np.arange(len(rows))
    columns: dict[str, object] = {}
    for kind, sign in (("reason", 1.0), ("protection", -1.0)):
        ours = sign * own
        best = np.stack([np.array(_members(theme))[ours[:, _members(theme)].argmax(axis=1)] for theme in Theme], axis=1)
        largest = np.stack([ours[every, best[:, place]] for place in range(len(Theme))], axis=1)
        # a theme without a feature to point at cannot be told to anybody
        weight = np.where(largest > _MIN_CONTRIBUTION, largest if themes is None else sign * themes, -np.inf)
        order = np.argsort(-weight, axis=1, kind="stable")
        for position, prefix in enumerate(place for place in PLACES if place.startswith(kind)):
            theme = order[:, position]
            feature = best[every, theme]
            holds = weight[every, theme] > _MIN_CONTRIBUTION
            columns[f"{prefix}_code"] = np.where(holds, codes[feature], None)
            columns[f"{prefix}_value"] = np.where(holds, values[every, feature], np.nan)
            columns[f"{prefix}_peer_value"] = np.where(holds, peer_values[feature], np.nan)
    return pd.DataFrame(columns, index=rows.index)
