"""Compares the marts of next best products with the same computed by pandas, over a company by chance."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest

from tests.marts.chance_value import CATEGORIES, DISCONTINUED, Chance
from tests.marts.independent_recommendations import Offer, Shop, success

Row = dict[str, Any]

CATALOGUE_KNOWN = date(2025, 6, 1)
MARTS = ("fct_account_next_products", "fct_next_product_success")


def check(rows: Callable[[str], list[Row]], chance: Chance) -> None:
    """Find every recommendation, its numbers and its success as the words say; the day is the last of a month."""
    as_of = chance.as_of
    accounts = {row["account_id"]: row for row in chance.tables["accounts"] if not row["is_internal"]}
    told = [row for row in chance.versions["order_lines"] if row["counts"] and row["account_id"] in accounts]
    lines = pd.DataFrame(told).astype({"until": object})
    gaps = {
        (row["account_id"], row["snapshot_date"]): row["typical_gap_days"]
        for row in rows("int_account_rhythms_measured")
    }

    def shop(day: date) -> Shop:
        gone = DISCONTINUED if day >= CATALOGUE_KNOWN else set[str]()
        return Shop(
            lines, day, accounts=accounts, categories=CATEGORIES, gone=gone,
            gap=lambda account, when: gaps.get((account, when)),
        )  # fmt: skip

    _offers(rows("fct_account_next_products"), shop(as_of).offers())

    eve = as_of.replace(day=1) - timedelta(days=1)
    before = shop(eve)
    offered = {account: [each.product for each in own] for account, own in before.offers().items()}
    instead = before.best_sellers({account: len(own) for account, own in offered.items()})
    sold = {
        (row["account_id"], row["product"])
        for row in told
        if eve < row["date"] <= as_of and row["net"] > 0 and (row["until"] is None or row["until"] > as_of)
    }
    found = {row["offer_method"]: row for row in rows("fct_next_product_success")}
    for method, chosen in (("next_product", offered), ("best_seller", instead)):
        row = found[method]
        counts = (row["accounts_count"], row["offers_count"], row["hits_count"], row["success_accounts_count"])
        assert counts == success(chosen, sold), method
        assert (row["month_date"], row["offered_date"]) == (as_of.replace(day=1), eve)
        assert row["success_low_rate"] <= row["success_rate"] <= row["success_high_rate"]


def _offers(rows: list[Row], expected: dict[str, list[Offer]]) -> None:
    found: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda each: each["product_rank"]):
        found.setdefault(row["account_id"], []).append(row)
    assert found.keys() == expected.keys()
    for account, own in found.items():
        assert [row["product_id"] for row in own] == [offer.product for offer in expected[account]], account
        for row, offer in zip(own, expected[account], strict=True):
            assert (row["basis"], row["support_count"], row["peer_scope"], row["peers_count"]) == (
                offer.basis, offer.support, offer.scope, offer.peers,
            ), (account, offer)  # fmt: skip
            assert row["lift"] == pytest.approx(offer.lift)
            assert row["peer_penetration_rate"] == pytest.approx(offer.penetration)
            assert row["purchase_rate"] == pytest.approx(offer.rate)
            assert float(row["score_amount"]) == pytest.approx(offer.score, abs=1e-3)
            assert (row["expected_margin_amount"] is None) == (offer.margin is None), (account, offer)
            if offer.margin is not None:
                assert float(row["expected_margin_amount"]) == pytest.approx(offer.margin, abs=1e-3)
            assert row["basis_name"] in row["reason_en"]
            assert row["basis_name"] in row["reason_zh"]
    every = [offer for own in expected.values() for offer in own]
    assert len(every) > 40, "there is something to compare"
    assert len({offer.product for offer in every}) > 3
    assert {offer.scope for offer in every} == {"all", "industry_size"}
    assert {offer.basis.partition("|")[0] for offer in every} == {"category", "product"}
