"""The catalogue: a page that needs no server, of the tables as the warehouse has them."""

from __future__ import annotations

import json

import pytest

from tests.commands.corner_shop import GOOD_DAY, Shop, well_said
from tests.night.house_for_nights import NightHouse
from warehouse.published_tables import declared_marts

ROOMS = {
    "fct_account_lifetime_values",
    "fct_churn_scores", "fct_churn_outcomes", "fct_churn_drift", "fct_churn_lists", "fct_account_manager_portfolios",
    "fct_account_next_actions", "fct_programme_assignments", "fct_treatments",
    "fct_list_checks", "fct_list_feedback",
}  # fmt: skip
"""Tables that are not made by dbt."""

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("corner shop")]


def test_the_page_has_every_table_of_dbt_with_its_columns(shop: Shop) -> None:
    before = shop.state()
    said = shop.succeed("docs")
    folder = shop.home / "company" / "corner_shop" / "docs"
    assert f"the tables of generation 1, as of {GOOD_DAY}: {folder / 'index.html'}" in said
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert '"model.guanxi.dim_accounts"' in page
    catalogue = json.loads((folder / "catalog.json").read_text(encoding="utf-8"))["nodes"]
    for mart in declared_marts():
        if mart.name not in ROOMS:
            found = catalogue[f"model.guanxi.{mart.name}"]["columns"]
            assert list(found) == [name for name, _ in mart.columns], mart.name
    shop.no_secret_in(page)
    assert shop.state() == before


def test_before_the_first_night_there_is_nothing_to_show(empty_home: NightHouse) -> None:
    said = well_said(empty_home.run("docs"), status=1)
    assert "no night has been opened in it yet" in said or "nothing is live yet" in said
    assert "guanxi nightly" in said
