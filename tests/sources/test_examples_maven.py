"""The Maven pipeline arrives whole: names mended, parents kept, open deals without a customer kept."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

from tests.sources.workshop import SHARED, Workshop

DATA = SHARED / "maven_crm"

pytestmark = pytest.mark.skipif(not DATA.exists(), reason=f"the real files are not at {DATA}")


@pytest.fixture
def files() -> dict[str, pd.DataFrame]:
    names = ("accounts", "products", "sales_pipeline", "sales_teams")
    return {name: pd.read_csv(DATA / f"{name}.csv", dtype=str) for name in names}


def test_everything_arrives_and_nothing_is_refused(workshop: Workshop, files: dict[str, pd.DataFrame]) -> None:
    deals = files["sales_pipeline"]
    won = deals[deals["deal_stage"] == "Won"]

    loaded = workshop.load("maven_crm", "crm", "2017-12-31", data=DATA)

    assert {name: (each.new, each.quarantined) for name, each in loaded.items()} == {
        "accounts": (85, 0),
        "account_managers": (35, 0),
        "products": (7, 0),
        "opportunities": (len(deals), 0),
        "opportunity_stages": (int(deals["close_date"].notna().sum()), 0),
        "orders": (len(won), 0),
        "order_lines": (len(won), 0),
    }
    amount = sum(map(Decimal, won["close_value"]))
    assert workshop.query("select sum(net_amount) from raw.order_lines") == [(amount,)]
    assert workshop.query("select status, count(*), sum(amount) from raw.opportunities group by 1 order by 1") == [
        ("lost", int((deals["deal_stage"] == "Lost").sum()), Decimal(0)),
        ("open", int(deals["close_date"].isna().sum()), None),
        ("won", len(won), amount),
    ]


def test_a_product_with_a_blank_too_few_is_found_again(workshop: Workshop, files: dict[str, pd.DataFrame]) -> None:
    deals, products = files["sales_pipeline"], set(files["products"]["product"])
    workshop.load("maven_crm", "crm", "2017-12-31", data=DATA)

    lost_by_a_join = int((~deals["product"].isin(products)).sum())
    assert lost_by_a_join == 1480
    assert workshop.query(
        "select count(*) filter (where p.product_id is null), count(*) filter (where o.product_id = 'GTX Pro')"
        " from raw.opportunities as o left join raw.products as p using (product_id)"
    ) == [(0, lost_by_a_join)]


def test_names_are_mended_and_parents_are_customers_too(workshop: Workshop, files: dict[str, pd.DataFrame]) -> None:
    accounts = files["accounts"]
    workshop.load("maven_crm", "crm", "2017-12-31", data=DATA)

    assert workshop.query("select count(*) from raw.accounts where industry = 'technology'") == [
        (int((accounts["sector"] == "technolgy").sum()),)
    ]
    assert workshop.query(
        "select count(*), count(p.account_id) from raw.accounts as a"
        " left join raw.accounts as p on p.account_id = a.extra ->> 'parent' where a.extra ? 'parent'"
    ) == [(int(accounts["subsidiary_of"].notna().sum()), 15)]
    bands = pd.cut(accounts["employees"].astype(int), [0, 249, 999, 10**6], labels=["small", "medium", "large"])
    assert dict(workshop.query("select size_band, count(*) from raw.accounts group by 1")) == dict(bands.value_counts())


def test_open_deals_without_a_customer_are_kept(workshop: Workshop, files: dict[str, pd.DataFrame]) -> None:
    deals = files["sales_pipeline"]
    workshop.load("maven_crm", "crm", "2017-12-31", data=DATA)

    without = deals[deals["account"].isna()]
    assert set(without["deal_stage"]) == {"Engaging", "Prospecting"}
    assert workshop.query("select status, count(*) from raw.opportunities where account_id is null group by 1") == [
        ("open", len(without))
    ]


def test_an_outcome_is_not_known_before_the_deal_is_closed(workshop: Workshop, files: dict[str, pd.DataFrame]) -> None:
    deals = files["sales_pipeline"]
    workshop.load("maven_crm", "crm", "2017-12-31", data=DATA)

    by_june = int((deals["close_date"] <= "2017-06-30").sum())
    assert workshop.query(
        "select count(*) from raw.opportunities where status <> 'open' and known_at < '2017-07-01 America/New_York'"
    ) == [(by_june,)]


def test_the_same_files_give_the_managers_and_the_earlier_stage(
    workshop: Workshop, files: dict[str, pd.DataFrame]
) -> None:
    loaded = workshop.load("maven_crm", "crm_again", "2017-12-31", data=DATA)

    assert loaded["account_managers"].new == files["sales_teams"]["manager"].nunique() == 6
    assert loaded["opportunity_stages"].new == int(files["sales_pipeline"]["engage_date"].notna().sum())
