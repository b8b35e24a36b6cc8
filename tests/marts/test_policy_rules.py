"""What holds of the choices of the business: each is asked for, and people read them in both languages."""

from __future__ import annotations

import re

import pytest

from tests.marts.policies import POLICIES, policy_columns, policy_rows
from warehouse.settings import ROOT


def test_every_parameter_is_asked_for_by_somebody() -> None:
    written = "".join(
        file.read_text(encoding="utf-8")
        for folder in ("dbt_project/models", "ml", "delivery", "identity", "needs")
        for file in sorted((ROOT / folder).rglob("*"))
        if file.suffix in {".sql", ".py"}
    )
    unused = [row["parameter"] for row in policy_rows("policy_parameters") if row["parameter"] not in written]
    assert unused == []


@pytest.mark.parametrize("row", policy_rows("policy_churn_reasons"), ids=lambda row: row["reason_code"])
def test_a_reason_shows_both_numbers_in_both_languages(row: dict[str, str]) -> None:
    for text in (row["text_en"], row["text_zh"]):
        assert re.findall(r"\{\w+\}", text) == ["{value}", "{peer}"]


@pytest.mark.parametrize("policy", POLICIES)
def test_what_people_read_is_there_in_both_languages(policy: str) -> None:
    rows = policy_rows(policy)
    english = [name for name in policy_columns(policy) if name.endswith("_en")]
    for name in english:
        chinese = name.removesuffix("_en") + "_zh"
        for row in rows:
            assert row[name], f"{policy}.{name}: {row}"
            assert re.search(r"[\u4e00-\u9fff]", row[chinese]), f"{policy}.{chinese}: {row}"


def test_a_stage_that_can_be_lost_has_a_play_in_each_listed_band() -> None:
    plays = {
        (row["stage_code"], row["band_code"])
        for row in policy_rows("policy_plays")
        if row["stage_code"] and not row["tier_code"] and not row["theme"]
    }
    stages = {row["stage_code"] for row in policy_rows("policy_lifecycle_stages")} - {"prospect"}
    listed = {band for _, band in plays}
    assert listed
    assert plays == {(stage, band) for stage in stages for band in listed}


_NARROWING = ("stage_code", "tier_code", "theme", "capacity_count")


def test_a_play_is_named_by_whom_it_is_for() -> None:
    rows = policy_rows("policy_plays")
    narrowing = ("band_code", "stage_code", "tier_code", "theme")
    assert {row["play_key"] for row in rows} == {"|".join(row[name] or "any" for name in narrowing) for row in rows}


def test_a_play_with_a_limit_has_one_without_behind_it() -> None:
    rows = policy_rows("policy_plays")
    endless = {row["band_code"] for row in rows if not any(row[name] for name in _NARROWING)}
    assert {row["band_code"] for row in rows if row["capacity_count"]} <= endless
