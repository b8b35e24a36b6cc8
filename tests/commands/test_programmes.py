"""What `guanxi programmes` says: in plain words, and of a house in which nothing was switched on."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.commands.corner_shop import Shop, well_said
from tests.night.house_for_nights import NightHouse
from warehouse.commands.programmes import lines_of

ARMS = {"programme_code": "save", "programme_name_en": "Save", "treated_count": 1200, "holdout_count": 130,
        "eligible_count": 300}  # fmt: skip
EFFECT = {
    "programme_code": "save", "programme_name": "Save", "outcome_name_en": "Ordered again", "treated_count": 900,
    "holdout_count": 98, "open_count": 332, "treated_after_value": Decimal("0.712"),
    "holdout_after_value": Decimal("0.65"), "effect_value": Decimal("0.062"), "effect_low_value": Decimal("-0.0312"),
    "effect_high_value": Decimal("0.1551"), "detectable_value": Decimal("0.1361"), "is_beyond_chance": False,
    "effect_unknown_reason": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "ordered again: 71.2 % of 900 treated, 65.0 % of 98 left out: +6.2 points (95 % interval -3.1 to +15.5),"
             " within chance; so many accounts show an effect of 13.6 points or more; 332 accounts more are not over"),
        ({"is_beyond_chance": True, "open_count": 0, "detectable_value": None},
         "ordered again: 71.2 % of 900 treated, 65.0 % of 98 left out: +6.2 points (95 % interval -3.1 to +15.5),"
         " beyond chance"),
        ({"effect_unknown_reason": "not_over_yet", "effect_value": None, "open_count": 1330},
         "ordered again: not known yet, the days of all 1,330 accounts last"),
        ({"effect_unknown_reason": "no_holdout", "effect_value": None},
         "ordered again: 71.2 % of 900 treated; nobody to compare"),
        ({"effect_unknown_reason": "no_source", "effect_value": None}, "ordered again: no source delivers orders"),
    ],
    ids=["known", "beyond chance", "not over", "no holdout", "no source"],
)  # fmt: skip
def test_an_effect_is_told_in_plain_words(changes: dict[str, Any], said: str) -> None:
    assert lines_of([ARMS], [EFFECT | changes]) == [
        "save: Save. 1,200 accounts treated, 130 left out by chance, 300 of them eligible tonight", f"  {said}",
    ]  # fmt: skip


def test_a_programme_of_tonight_has_nothing_to_tell_and_one_switched_off_is_followed() -> None:
    assert lines_of([ARMS], [])[1] == "  nothing to tell yet: nobody was drawn before this night"
    assert lines_of([], [EFFECT])[0] == "save: Save. Switched off; its accounts are followed still"


@pytest.mark.slow
@pytest.mark.xdist_group("corner shop")
def test_a_company_that_switched_nothing_on_is_told_how(shop: Shop) -> None:
    assert "name programmes under holdouts in company.yml" in shop.succeed("programmes").replace("\n", " ")


@pytest.mark.slow
@pytest.mark.xdist_group("corner shop")
def test_an_empty_house_has_no_programmes_and_says_what_to_do(empty_home: NightHouse) -> None:
    empty_home.succeed("status")
    assert "guanxi nightly" in well_said(empty_home.run("programmes"), status=1)
