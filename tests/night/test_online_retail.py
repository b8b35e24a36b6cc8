"""A real wholesaler's year, in one night, against a computation that never saw our SQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from psycopg import sql
from sklearn.metrics import average_precision_score, roc_auc_score

from tests.conftest import reachable_folder
from tests.marts import independent
from tests.night.house_for_nights import NightHouse
from warehouse.house import opened_house
from warehouse.settings import load_settings

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "online_retail"
AS_OF = date(2011, 9, 9)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.night,
    pytest.mark.xdist_group("online-retail"),
    pytest.mark.skipif(not DATA.exists(), reason=f"the real files are not at {DATA}"),
]


@pytest.fixture(scope="module")
def house() -> Iterator[NightHouse]:
    with reachable_folder() as home:
        yield NightHouse(home, (("GUANXI_COMPANY", "examples/online_retail"), ("GUANXI_DATA", str(DATA))))


@pytest.fixture(scope="module")
def night(house: NightHouse) -> str:
    return house.succeed("nightly", "--as-of", AS_OF.isoformat())


@pytest.fixture(scope="module")
def files() -> pd.DataFrame:
    """Every line up to the day, as the publisher wrote it, without looking at our mapping or SQL."""
    days = [path for path in sorted(DATA.glob("*.csv.gz")) if path.name[:10] <= AS_OF.isoformat()]
    assert len(days) > 200
    return pd.concat([pd.read_csv(path, dtype=str) for path in days], ignore_index=True)


@pytest.fixture(scope="module")
def sold(files: pd.DataFrame) -> pd.DataFrame:
    """The lines that count as revenue of a known customer, as decision 0007 says, in the independent form."""
    lines = files.drop_duplicates()
    goods_or_discount = ~lines["StockCode"].str.fullmatch(
        "POST|DOT|C2|AMAZONFEE|BANK CHARGES|CRUK|M|m|S|B|gift_.*"
    ).fillna(False)
    priced = lines["UnitPrice"].astype(float) != 0
    lines = lines[goods_or_discount & priced & lines["CustomerID"].notna()]
    day = pd.to_datetime(lines["InvoiceDate"]).dt.normalize()
    return pd.DataFrame(
        {
            "account_id": lines["CustomerID"].str.removesuffix(".0"),
            "product_id": lines["StockCode"],
            "order_date": day,
            "known_date": day,
            "superseded_date": pd.NaT,
            "net_amount": [
                Decimal(quantity) * Decimal(price)
                for quantity, price in zip(lines["Quantity"], lines["UnitPrice"], strict=True)
            ],
        }
    )


def test_customers_orders_and_net_revenue_equal_an_independent_computation(
    house: NightHouse, night: str, files: pd.DataFrame, sold: pd.DataFrame
) -> None:
    assert night
    days = independent.order_days(sold)
    mart = house.one(
        "select count(*) filter (where is_customer) as customers, count(*) as accounts,"
        " sum(order_days_count) as order_days, sum(net_revenue_amount) as revenue from dim_accounts"
    )
    assert int(mart["customers"]) == len(days)
    assert int(mart["accounts"]) == files["CustomerID"].nunique()
    assert int(mart["order_days"]) == sum(len(dates) for dates in days.values())
    assert Decimal(mart["revenue"]) == sum(sold["net_amount"], Decimal(0))


def test_rfm_values_and_scores_equal_an_independent_computation(
    house: NightHouse, night: str, sold: pd.DataFrame
) -> None:
    assert night
    expected = independent.rfm(sold, as_of=AS_OF)
    rows = {row["account_id"]: row for row in house.rows("select * from fct_account_rfm")}
    assert set(rows) == set(expected.index)
    for column in ("recency_days", "frequency_365d_count", "recency_score", "frequency_score", "monetary_score"):
        found = {account: int(row[column]) for account, row in rows.items()}
        assert found == expected[column].astype(int).to_dict(), column
    money = {account: Decimal(row["net_revenue_365d_amount"]) for account, row in rows.items()}
    assert money == expected["net_revenue_365d_amount"].to_dict()


def test_abc_classes_equal_an_independent_computation(
    house: NightHouse, night: str, files: pd.DataFrame, sold: pd.DataFrame
) -> None:
    assert night
    accounts = files["CustomerID"].dropna().str.removesuffix(".0").unique()
    expected = independent.abc(sold, accounts=accounts, as_of=AS_OF)["abc_class"].to_dict()
    found = {
        row["account_id"]: row["abc_class"] for row in house.rows("select account_id, abc_class from fct_account_abc")
    }
    assert found == expected


def test_the_evaluation_says_what_another_computation_says(
    house: NightHouse, night: str, sold: pd.DataFrame, tmp_path: Path
) -> None:
    """Whom each tested day judges, who of them left, and how the rules by silence and by order days rank them; and the
    model is never more than a hundredth below the best rung of the day."""
    assert night
    told, page = tmp_path / "told.json", tmp_path / "page.html"
    said = house.succeed("evaluate", "--json", str(told), "--page", str(page))
    figures = json.loads(told.read_text(encoding="utf-8"))
    days = independent.order_days(sold)
    tested = figures["grading"]["days"]
    assert [day["snapshot_date"] for day in tested] == ["2011-03-31", "2011-04-30", "2011-05-31"]
    for day in tested:
        snapshot = date.fromisoformat(day["snapshot_date"])
        known = {who: [each for each in dates if each <= snapshot] for who, dates in days.items()}
        active = {who: dates for who, dates in known.items() if dates and (snapshot - max(dates)).days < 180}
        left = [not any(0 < (each - snapshot).days <= 90 for each in days[who]) for who in active]
        silent = [(snapshot - max(dates)).days for dates in active.values()]
        ordered = [sum((snapshot - each).days < 365 for each in dates) for dates in active.values()]
        qualities = day["qualities"]
        assert qualities["model"]["row_count"] == len(active)
        assert qualities["model"]["base_rate"] == pytest.approx(sum(left) / len(left))
        assert qualities["recency"]["auc"] == pytest.approx(roc_auc_score(left, silent))
        assert qualities["recency"]["average_precision"] == pytest.approx(average_precision_score(left, silent))
        assert qualities["frequency"]["auc"] == pytest.approx(1 - roc_auc_score(left, ordered))
    assert min(figures["grading"]["worst_lead"].values()) > -0.01
    assert figures["verdict"] in said
    assert page.read_text(encoding="utf-8").count("<svg") == 9


def test_an_account_is_explained_in_both_languages(house: NightHouse, night: str) -> None:
    assert night
    riskiest = house.one("select * from fct_churn_scores order by churn_probability desc, account_id limit 1")
    english, chinese = (house.succeed("explain", riskiest["account_id"], "--language", each) for each in ("en", "zh"))
    for story in (english, chinese):
        assert f"{riskiest['account_id']}, {AS_OF}" in story
        assert f"{float(riskiest['churn_probability']):.0%}" in story
        assert riskiest["model_id"] in story
    assert "what would lower it" in english
    assert "an order today: " in english
    assert "今天下单" in chinese


def test_every_line_of_the_files_is_accounted_for(house: NightHouse, night: str, files: pd.DataFrame) -> None:
    assert night
    load = house.one("select * from source_loads where entity = 'order_lines'")
    assert int(load["extracted_count"]) == len(files)
    assert int(load["quarantined_count"]) == int(files.duplicated().sum())
    assert int(load["new_count"]) == len(files.drop_duplicates())


def test_loading_the_same_files_twice_changes_nothing(house: NightHouse, night: str) -> None:
    """A repeat replaces what the night had loaded (decision 0003), so its ledger says "new" once more."""
    assert night
    before = _raw(house)
    house.succeed("open", "--run-id", "again", "--as-of", AS_OF.isoformat())
    house.succeed("extract", "--run-id", "again")
    again = _raw(house)
    assert {table for table, (rows, _) in again.items() if rows > 0} >= {
        "accounts",
        "order_lines",
        "orders",
        "products",
    }
    assert again == before


def _raw(house: NightHouse) -> dict[str, tuple[int, str]]:
    """Return rows and checksum of every raw table, but for the generation that loaded them."""
    with opened_house(load_settings(house.environment())) as opened, opened.warehouse.connect_admin() as connection:
        names = connection.execute("select tablename from pg_tables where schemaname = 'raw' order by 1").fetchall()
        found = {}
        for (name,) in names:
            query = sql.SQL(
                "select count(*), coalesce(sum(hashtextextended((to_jsonb(t) - 'gen')::text, 0)), 0)::text"
                " from raw.{} as t"
            )
            found[name] = connection.execute(query.format(sql.Identifier(name))).fetchone() or (0, "")
        return found
