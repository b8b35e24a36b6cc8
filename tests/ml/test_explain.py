"""Reasons: the right theme, the account's own value, and the same answer twice."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ml.catalogue import NUMERIC, NUMERIC_NAMES
from ml.explain import PLACES, REASON_COLUMNS, add_changes, explain_model, explain_rule
from ml.model import churn_probability, encode, raw_margin, used_features
from ml.rules import Rule

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

THEMES = {feature.name: feature.theme for feature in NUMERIC}
DIRECTIONS = {feature.name: feature.direction or 1 for feature in NUMERIC}


def one_snapshot(rows: pd.DataFrame) -> pd.DataFrame:
    newest: pd.DataFrame = rows[rows["snapshot_date"] == rows["snapshot_date"].max()]
    return newest.reset_index(drop=True)


def median_account(rows: pd.DataFrame) -> pd.DataFrame:
    """One account that is its peers' median in everything, before all the others."""
    middle = rows.head(1).assign(**{name: rows[name].median() for name in NUMERIC_NAMES})
    return pd.concat([middle, rows], ignore_index=True)


def test_an_account_like_its_peers_but_long_overdue_is_told_about_its_rhythm(
    pipeline: Pipeline, rows: pd.DataFrame
) -> None:
    day = median_account(one_snapshot(rows))
    day.loc[0, ["overdue_ratio", "days_since_last_order"]] = [9.0, 170.0]
    first = explain_model(pipeline, day).iloc[0]
    assert first["reason_1_code"] in {"overdue_ratio", "days_since_last_order"}
    assert first["reason_1_value"] == day.loc[0, first["reason_1_code"]]
    assert first["reason_1_peer_value"] == day[first["reason_1_code"]].median()
    assert pd.isna(first["reason_2_code"])


def test_an_account_like_its_peers_but_buying_one_product_is_told_about_its_range(
    pipeline: Pipeline, rows: pd.DataFrame
) -> None:
    day = median_account(one_snapshot(rows))
    day.loc[0, "products_365d_count"] = 1.0
    assert explain_model(pipeline, day).loc[0, "reason_1_code"] == "products_365d_count"


def test_an_account_like_its_peers_but_buying_many_products_is_protected_by_its_range(
    pipeline: Pipeline, rows: pd.DataFrame
) -> None:
    day = median_account(one_snapshot(rows))
    day.loc[0, "products_365d_count"] = 39.0
    first = explain_model(pipeline, day).iloc[0]
    assert first["protection_1_code"] == "products_365d_count"
    assert first["protection_1_value"] == 39.0
    assert first["protection_1_peer_value"] == day["products_365d_count"].median()
    assert first[["reason_1_code", "protection_2_code"]].isna().all()


def test_a_protection_is_only_told_where_the_account_is_better_than_its_peers_and_no_theme_is_on_both_sides(
    pipeline: Pipeline, rows: pd.DataFrame
) -> None:
    day = one_snapshot(rows)
    for reasons in (explain_model(pipeline, day), explain_rule(Rule.OVERDUE, day)):
        for position in (1, 2):
            told = reasons[reasons[f"protection_{position}_code"].notna()]
            assert len(told) > 20
            sign = told[f"protection_{position}_code"].map(DIRECTIONS)
            distance = told[f"protection_{position}_value"] - told[f"protection_{position}_peer_value"]
            assert (sign * distance < 0).all()
    both = explain_model(pipeline, day)[[f"{place}_code" for place in PLACES]]
    for codes in both.to_dict("records"):
        themes = [THEMES[code] for code in codes.values() if isinstance(code, str)]
        assert len(themes) == len(set(themes))


def test_the_first_protection_is_the_theme_whose_return_to_normal_raises_the_risk_most(
    pipeline: Pipeline, rows: pd.DataFrame
) -> None:
    day = one_snapshot(rows)
    protections = explain_model(pipeline, day)
    names = used_features(pipeline)
    margin = raw_margin(pipeline, encode(pipeline, day))
    gained = {}
    for theme in set(THEMES.values()):
        usual = {name: day[name].median() for name in names if THEMES.get(name) is theme}
        gained[theme] = raw_margin(pipeline, encode(pipeline, day.assign(**usual))) - margin
    table = pd.DataFrame(gained)
    told = protections["protection_1_code"].map(THEMES)
    assert told.notna().sum() > 50
    assert (told == table.idxmax(axis=1))[told.notna()].mean() > 0.9


def test_changes_are_against_the_account_s_own_earlier_value_and_null_where_there_is_none(rows: pd.DataFrame) -> None:
    day = one_snapshot(rows)
    told = explain_rule(Rule.OVERDUE, day)
    earlier = day.iloc[::-1].head(len(day) - 10)  # in another order, and without ten accounts
    earlier = earlier.assign(**{name: earlier[name] * 2 + 1 for name in NUMERIC_NAMES})
    changed = add_changes(told, day, earlier)
    for place in PLACES:
        change, value = changed[f"{place}_change_90d_value"], changed[f"{place}_value"]
        was_there = day["account_id"].isin(earlier["account_id"])
        np.testing.assert_allclose(change[was_there], (value - (value * 2 + 1))[was_there])
        assert change[~was_there].isna().all()
        assert change[changed[f"{place}_code"].isna()].isna().all()
    assert changed["reason_1_change_90d_value"].notna().sum() > 50


def test_an_account_like_its_peers_has_no_reason(pipeline: Pipeline, rows: pd.DataFrame) -> None:
    first = explain_model(pipeline, median_account(one_snapshot(rows))).iloc[0]
    assert first.isna().all()


def test_risky_accounts_have_a_reason_and_each_reason_a_theme_of_its_own(
    pipeline: Pipeline, rows: pd.DataFrame
) -> None:
    day = one_snapshot(rows)
    reasons = explain_model(pipeline, day)
    assert list(reasons.columns) == list(REASON_COLUMNS)
    risky = churn_probability(pipeline, day) > 0.6
    assert risky.sum() > 20
    # a few are risky for their industry alone, which is no reason that a call could change
    assert reasons.loc[risky, "reason_1_code"].notna().mean() > 0.9
    codes = reasons[["reason_1_code", "reason_2_code", "reason_3_code"]]
    for _, told in codes.iterrows():
        themes = [THEMES[code] for code in told.dropna()]
        assert len(themes) == len(set(themes))


def test_a_reason_is_only_told_where_the_account_is_worse_than_its_peers(
    pipeline: Pipeline, rows: pd.DataFrame
) -> None:
    day = one_snapshot(rows)
    for reasons in (explain_model(pipeline, day), explain_rule(Rule.OVERDUE, day)):
        for position in (1, 2, 3):
            told = reasons[reasons[f"reason_{position}_code"].notna()]
            assert len(told) > 0
            sign = told[f"reason_{position}_code"].map(DIRECTIONS)
            distance = told[f"reason_{position}_value"] - told[f"reason_{position}_peer_value"]
            assert (sign * distance > 0).all()


def test_the_first_reason_is_the_theme_whose_return_to_normal_lowers_the_risk_most(
    pipeline: Pipeline, rows: pd.DataFrame
) -> None:
    day = one_snapshot(rows)
    reasons = explain_model(pipeline, day)
    encoded, names = encode(pipeline, day), used_features(pipeline)
    margin = raw_margin(pipeline, encoded)
    lost = {}
    for theme in set(THEMES.values()):
        replaced = encoded.copy()
        for name in names:
            if THEMES.get(name) is theme:
                replaced[:, names.index(name)] = np.nanmedian(day[name])
        lost[theme] = margin - raw_margin(pipeline, replaced)
    table = pd.DataFrame(lost)
    # where nothing else in the way of telling it: the largest theme has a feature on the risky side
    told = reasons["reason_1_code"].map(THEMES)
    agree = (told == table.idxmax(axis=1))[told.notna()]
    assert agree.mean() > 0.9


def test_the_same_rows_get_the_same_reasons_in_any_order(pipeline: Pipeline, rows: pd.DataFrame) -> None:
    day = one_snapshot(rows)
    first = explain_model(pipeline, day)
    shuffled = explain_model(pipeline, day.sample(frac=1, random_state=4)).sort_index()
    pd.testing.assert_frame_equal(first, shuffled)


def test_a_rule_tells_its_own_measure_first(rows: pd.DataFrame) -> None:
    day = one_snapshot(rows)
    day = day.assign(renewal_days_left=day["tenure_days"])  # this company has no contracts
    for rule in Rule:
        reasons = explain_rule(rule, day)
        worse = (day[rule.reason] - day[rule.reason].median()) * DIRECTIONS[rule.reason] > 0
        assert worse.sum() > 20
        assert (reasons.loc[worse, "reason_1_code"] == rule.reason).all()


def test_every_reason_that_can_be_given_has_words_in_the_policy() -> None:
    policy = Path(__file__).parents[2] / "dbt_project" / "seeds" / "policy" / "policy_churn_reasons.csv"
    texts = pd.read_csv(policy)
    written = set(texts["reason_code"])
    told = {feature.name for feature in NUMERIC if feature.is_told}
    assert told <= written
    assert "silence_probability" not in told | written, "a probability is no reason"
    words = texts[["text_en", "text_zh", "protection_text_en", "protection_text_zh"]]
    for column in words:
        assert words[column].str.contains("{value}", regex=False).all()
        assert words[column].str.contains("{peer}", regex=False).all()
    # a sentence that says the same of a risk and of what speaks against it says nothing
    alike = words["text_zh"] == words["protection_text_zh"]
    assert set(texts.loc[alike, "reason_code"]) <= {"revenue_rank_rate"}
