"""How likely two parties are one customer: Splink on DuckDB, with the weights of the policy, nothing learnt by night.

Weights that were learnt anew each night would move scores over a limit without anything having changed in a record.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler
from rapidfuzz.process import cpdist

from identity.names import grams_of
from identity.parties import Party
from identity.policy import Level, MatchPolicy
from warehouse.errors import Problem

if TYPE_CHECKING:
    import pandas as pd

# Two records are compared when they share one of these. Of a name's parts the rarest few stand for it.
_BLOCKS = ("tax_number", "domain", "phone", "core", "address")
_RAREST_GRAMS = 3
_GRAM_LIMIT = 120
"""A part that so many names have is no mark of any."""

_ONE_LENGTH = 4
"""Names shorter than this are too short for one letter more or less to be a slip, or for a part to be a whole."""

_CONDITIONS: dict[str, dict[str, str]] = {
    "tax_number": {"same": "tax_number_l = tax_number_r"},
    "name": {
        "same_full": "full_l = full_r",
        "same_core": "core_l = core_r",
        "one_letter": f"length(core_l) > {_ONE_LENGTH} and length(core_r) > {_ONE_LENGTH}"
        " and letters_apart(core_l, core_r) <= 1",
        "contained": f"least(length(core_l), length(core_r)) >= {_ONE_LENGTH}"
        " and (contains(core_l, core_r) or contains(core_r, core_l))",
        "alike": "likeness(core_l, core_r) >= 0.9",
    },
    "domain": {"same": "domain_l = domain_r"},
    "phone": {"same": "phone_l = phone_r"},
    "address": {
        "same": "address_l = address_r",
        "alike": "likeness(address_l, address_r) >= 0.94",
    },
    "city": {"same": "city_l = city_r"},
}
_UNKNOWN = {
    # a name in Chinese says nothing about one in English
    "name": "core_l is null or core_r is null or is_han_l <> is_han_r",
}


class MatchLevelsError(Problem):
    """The policy's levels are not those that records are compared by."""


@dataclass(frozen=True, slots=True)
class Score:
    """Two parties by key, the lesser key first. `bits` is the weight of all evidence, `levels` what was found."""

    one: str
    other: str
    bits: float
    probability: float
    levels: tuple[Level, ...]


def score_pairs(parties: Sequence[Party], policy: MatchPolicy) -> list[Score]:
    """Return every pair that has something in common and is not hopeless, the likeliest first, then by key.

    Pairs of the leading namespace are left out: what it keeps apart stays apart. Raises MatchLevelsError.
    """
    from splink import DuckDBAPI, Linker

    if sum(not party.leads for party in parties) == 0 or len(parties) < 2:  # noqa: PLR2004 - it takes two
        return []
    logging.getLogger("splink").setLevel(logging.ERROR)
    levels = _levels_by_comparison(policy)
    api = DuckDBAPI(_database())
    linker = Linker(api.register(_frame(parties)), _settings(levels, policy.prior_probability), log_level=logging.ERROR)
    least = policy.review_probability / 4
    predicted: Any = linker.inference.predict(threshold_match_probability=least)
    found = predicted.as_pandas_dataframe()
    scores = list(_scores(found, levels))
    scores.sort(key=lambda score: (-score.bits, score.one, score.other))
    return scores


def _database() -> Any:
    """DuckDB's own distances count bytes, of which a Chinese character has three: these count letters."""
    import duckdb

    def letters_apart(one: pa.ChunkedArray, other: pa.ChunkedArray) -> pa.Array:
        found = cpdist(one.to_pylist(), other.to_pylist(), scorer=DamerauLevenshtein.distance, score_cutoff=1)
        return pa.array(found.tolist(), pa.int64())

    def likeness(one: pa.ChunkedArray, other: pa.ChunkedArray) -> pa.Array:
        found = cpdist(one.to_pylist(), other.to_pylist(), scorer=JaroWinkler.similarity, dtype=np.float64)
        return pa.array(found, pa.float64())

    database: Any = duckdb.connect(":memory:")
    texts = [duckdb.sqltypes.VARCHAR, duckdb.sqltypes.VARCHAR]
    database.create_function("letters_apart", letters_apart, texts, duckdb.sqltypes.BIGINT, type="arrow")
    database.create_function("likeness", likeness, texts, duckdb.sqltypes.DOUBLE, type="arrow")
    return database


def _levels_by_comparison(policy: MatchPolicy) -> dict[str, list[Level]]:
    levels = {name: list(each) for name, each in groupby(policy.levels, key=lambda level: level.comparison)}
    asked = {name: [*conditions, "differs"] for name, conditions in _CONDITIONS.items()}
    given = {name: [level.code for level in each] for name, each in levels.items()}
    if given != asked:
        wrong = sorted(name for name in asked.keys() | given.keys() if asked.get(name) != given.get(name))
        raise MatchLevelsError(
            "dbt_project/seeds/policy/policy_match_levels.csv",
            seen=f"other levels, or another order of them, for {', '.join(wrong)}",
            expected="; ".join(f"{name}: {', '.join(codes)}" for name, codes in asked.items()),
            next_step="correct the table",
        )
    return levels


def _settings(levels: dict[str, list[Level]], prior: float) -> Any:
    from splink import SettingsCreator

    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="key",
        probability_two_random_records_match=prior,
        blocking_rules_to_generate_predictions=[
            *({"blocking_rule": f"l.{name} = r.{name} and not (l.leads and r.leads)"} for name in _BLOCKS),
            {"blocking_rule": "l.grams = r.grams and not (l.leads and r.leads)", "arrays_to_explode": ["grams"]},
        ],
        comparisons=[_comparison(name, each) for name, each in levels.items()],
        retain_matching_columns=True,
    )


def _comparison(name: str, levels: list[Level]) -> dict[str, Any]:
    unknown = _UNKNOWN.get(name, f"{name}_l is null or {name}_r is null")
    asked: list[dict[str, Any]] = [
        {"sql_condition": unknown, "label_for_charts": "unknown", "is_null_level": True},
    ]
    asked += [
        {
            "sql_condition": _CONDITIONS[name].get(level.code, "ELSE"),
            "label_for_charts": level.code,
            "m_probability": level.match_rate,
            "u_probability": level.chance_rate,
        }
        for level in levels
    ]
    return {"output_column_name": name, "comparison_levels": asked}


def _frame(parties: Sequence[Party]) -> pd.DataFrame:
    import pandas as pd

    grams = _rarest_grams(parties)
    return pd.DataFrame(
        {
            "key": [party.key for party in parties],
            "leads": [party.leads for party in parties],
            "full": [party.name.full or None for party in parties],
            "core": [party.name.core or None for party in parties],
            "is_han": [party.name.is_han for party in parties],
            "tax_number": [party.tax_number for party in parties],
            "domain": [party.domain for party in parties],
            "phone": [party.phone for party in parties],
            "address": [party.address or None for party in parties],
            "city": [party.city or None for party in parties],
            "grams": grams,
        }
    )


def _rarest_grams(parties: Sequence[Party]) -> list[list[str]]:
    all_grams = [grams_of(party.name) for party in parties]
    counts = Counter(gram for grams in all_grams for gram in grams)
    return [
        sorted((gram for gram in grams if 1 < counts[gram] <= _GRAM_LIMIT), key=lambda gram: (counts[gram], gram))[
            :_RAREST_GRAMS
        ]
        for grams in all_grams
    ]


def _scores(found: pd.DataFrame, levels: dict[str, list[Level]]) -> Iterator[Score]:
    """Splink counts a comparison's levels from the last (0) up; -1 is unknown."""
    names = sorted(levels)
    columns = [found[f"gamma_{name}"].tolist() for name in names]
    pairs = zip(
        found["key_l"].tolist(), found["key_r"].tolist(), found["match_weight"].tolist(),
        found["match_probability"].tolist(), zip(*columns, strict=True), strict=True,
    )  # fmt: skip
    for left, right, bits, probability, gammas in pairs:
        known = tuple(
            levels[name][len(levels[name]) - 1 - int(gamma)]
            for name, gamma in zip(names, gammas, strict=True)
            if gamma >= 0
        )
        one, other = sorted((str(left), str(right)))
        yield Score(one, other, round(float(bits), 3), round(float(probability), 4), known)
