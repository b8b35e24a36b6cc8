"""Compares the marts of satisfaction and categories with the same computed from the words, over records by chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from statistics import mean
from typing import Any

import pytest

from tests.marts.independent_satisfaction import (
    Voices,
    category_days,
    corrections,
    day,
    kept_promises,
    middle,
    month_of,
    peers_of,
    rhythm,
    share,
    spent,
    trained,
)

Row = dict[str, Any]
Records = Mapping[str, Sequence[Row]]
Revenue = Mapping[str, Mapping[date, Decimal]]

MARTS = (
    "fct_account_satisfaction_months", "fct_satisfaction_months", "fct_account_experience_months",
    "fct_account_trainings", "fct_account_category_months",
)  # fmt: skip
NAMES = {"followed": "low_answers_followed_count", "told": "complaints_told_count"}


def check(marts: Mapping[str, list[Row]], records: Records, mrr: Revenue, *, as_of: date, over: datetime) -> None:
    """Find every row as the words say."""
    accounts = {row["account_id"]: {"industry": None, "size_band": None} | row for row in records["accounts"]}
    ours = {account for account, row in accounts.items() if row.get("is_internal")}
    assert ours
    for name in MARTS:
        assert marts[name], name
        assert not ours & {row.get("account_id") for row in marts[name]}, name
    voices = Voices(records, as_of=as_of, over=over)
    months = {
        (account, month): voices.month(account, month, end)
        for account, month, end in voices.months()
        if account not in ours
    }
    _satisfaction(marts["fct_account_satisfaction_months"], months)
    _segments(marts["fct_satisfaction_months"], months, accounts, _values(records, mrr, ours))
    _experience(marts["fct_account_experience_months"], records, voices, as_of)
    _trainings(marts["fct_account_trainings"], records, ours, as_of)
    _categories(marts["fct_account_category_months"], records, accounts, ours, as_of)


def _near(found: Any, expected: Any, what: object) -> None:
    assert (found is None) == (expected is None), (what, found, expected)
    if expected is not None:
        assert float(found) == pytest.approx(float(expected), abs=1e-4), (what, found, expected)


def _satisfaction(found: list[Row], expected: Mapping[tuple[str, date], Row]) -> None:
    assert {(row["account_id"], row["month_date"]) for row in found} == expected.keys()
    for row in found:
        wanted = dict(expected[row["account_id"], row["month_date"]])
        assert row["last_csat_verdict"] == wanted.pop("last_csat_verdict"), row
        silent = row["low_answers_count"] + row["complaints_count"] == 0
        for name, value in wanted.items():
            column = NAMES.get(name, name)
            # without any concern of the month there is nothing to count; with one of the other kind, none of this
            if name in NAMES and value is None and not silent:
                assert row[column] in (None, 0), (row, name)
            else:
                _near(row[column], value, (row["account_id"], row["month_date"], column))
    assert sum(row["csat_good_to_bad_count"] for row in found) > 5
    assert sum(row["complaints_told_count"] or 0 for row in found) > 5


def _values(records: Records, mrr: Revenue, ours: set[str]) -> dict[str, dict[date, Decimal]]:
    """Revenue of twelve months by account and month: of orders, else of the contract."""
    orders = {row["order_id"]: row for row in records["orders"] if row["status"] != "cancelled"}
    by_day: dict[str, dict[date, Decimal]] = {}
    for line in records["order_lines"]:
        order = orders.get(line["order_id"])
        if order and order["account_id"] not in ours:
            own = by_day.setdefault(order["account_id"], {})
            when = day(order["ordered_at"])
            own[when] = own.get(when, Decimal(0)) + line["net_amount"]
    months = [month_of(date(2025, 6, 1), back) for back in range(30)]
    values = {account: {month: spent(own, month) for month in months} for account, own in by_day.items()}
    for account, revenue in mrr.items():
        values[account] = {month: 12 * amount for month, amount in revenue.items()}
    return values


def _segments(
    found: list[Row],
    months: Mapping[tuple[str, date], Row],
    accounts: Mapping[str, Row],
    values: Mapping[str, Mapping[date, Decimal]],
) -> None:
    assert {row["dimension"] for row in found} == {"company", "industry", "size_band", "region"}
    for row in found:
        month, dimension = row["month_date"], row["dimension"]
        inside = [
            account
            for account, attributes in accounts.items()
            if dimension == "company" or (attributes.get(dimension) or "unknown") == row["dimension_value"]
        ]
        heard = {account: months[account, month] for account in inside if (account, month) in months}
        worth = {account: values[account].get(month, Decimal(0)) for account in inside if account in values}
        worth = {account: amount for account, amount in worth.items() if amount > 0}
        assert row["customers_count"] == len(worth)
        nps = {account: own["nps_score"] for account, own in heard.items() if own["nps_responses_count"]}
        _near(row["nps_score"], mean(nps.values()) if nps else None, row)
        assert row["nps_accounts_count"] == len(nps)
        paying = {account: worth[account] for account in nps if account in worth}
        weighed = sum(float(amount) * nps[account] for account, amount in paying.items())
        _near(row["nps_revenue_score"], weighed / float(sum(paying.values())) if paying else None, row)
        csat = [own["csat_rate"] for own in heard.values() if own["csat_rate"] is not None]
        _near(row["csat_rate"], mean(csat) if csat else None, row)
        assert row["tickets_count"] == sum(own["tickets_count"] for own in heard.values())
        assert 0 <= (row["revenue_coverage_rate"] or 0) <= 1
        assert row["responding_customers_count"] >= len(paying)


def _experience(found: list[Row], records: Records, voices: Voices, as_of: date) -> None:
    corrected = corrections(records["invoices"], as_of=as_of)
    for row in found:
        account, month = row["account_id"], row["month_date"]
        _near(row["on_time_rate"], share(kept_promises(records["orders"], account, month, as_of=as_of)), row)
        sent = [
            each["invoice_id"]
            for each in records["invoices"]
            if each["account_id"] == account and each["kind"] != "credit_note"
            and day(each["invoiced_at"]) <= as_of and month_of(day(each["invoiced_at"])) == month
        ]  # fmt: skip
        assert row["invoices_count"] == len(sent)
        _near(row["corrected_invoices_rate"], share(number in corrected for number in sent), row)
        _near(row["median_invoice_correction_days"], middle(corrected.get(number) for number in sent), row)
        days = [
            (each["delivered_date"] - day(each["ordered_at"])).days
            for each in records["orders"]
            if each["account_id"] == account and each["status"] != "cancelled" and each["delivered_date"]
            and each["delivered_date"] <= as_of and month_of(each["delivered_date"]) == month
        ]  # fmt: skip
        days = [each for each in days if each >= 0]
        assert row["deliveries_count"] == len(days)
        _near(row["median_delivery_days"], middle(days), row)
        replies = [
            voices.times[each["ticket_id"]].reply
            for each in voices.tickets
            if each["account_id"] == account and month_of(day(each["opened_at"])) == month
        ]
        assert row["tickets_count"] == len(replies)
        _near(row["median_first_reply_hours"], middle(replies), row)
    assert sum(row["due_orders_count"] for row in found) > 50
    assert any(row["corrected_invoices_rate"] for row in found)


def _trainings(found: list[Row], records: Records, ours: set[str], as_of: date) -> None:
    held: dict[tuple[str, date], set[str]] = {}
    counted: dict[tuple[str, date], int] = {}
    for row in records["interactions"]:
        when = day(row["happened_at"])
        if row["kind"] == "training" and row["status"] != "planned" and when <= as_of and row["account_id"] not in ours:
            key = row["account_id"], when
            named = held.setdefault(key, set())
            if row["participant_count"] is None and row["contact_id"]:
                named.add(row["contact_id"])
            counted[key] = counted.get(key, 0) + (row["participant_count"] or 0)
    assert {(row["account_id"], row["training_date"]) for row in found} == held.keys()
    for row in found:
        key = row["account_id"], row["training_date"]
        assert row["people_trained_count"] == (len(held[key]) + counted[key] or None)
        for column, value in trained(records, row["account_id"], row["training_date"], as_of=as_of).items():
            _near(row[column], value, (row, column))
    assert {row["complaints_before_count"] is None for row in found} == {True, False}


def _categories(found: list[Row], records: Records, accounts: Mapping[str, Row], ours: set[str], as_of: date) -> None:
    days = {key: own for key, own in category_days(records).items() if key[0] not in ours}
    months = [month_of(as_of, back) for back in range(13)]
    expected = 0
    by_key = {(row["account_id"], row["category"], row["month_date"]): row for row in found}
    for (account, kind), own in days.items():
        for month in months:
            end = min(month_of(month, -1), date(2025, 7, 1))
            pace = rhythm(days, account, kind, end=date.fromordinal(end.toordinal() - 1))
            if pace is None:
                continue
            expected += 1
            row = by_key[account, kind, month]
            _near(row["spend_amount"], spent(own, month, months=1), row)
            _near(row["spend_12m_amount"], spent(own, month), row)
            _near(row["spend_prior_12m_amount"], spent(own, month_of(month, 12)), row)
            assert row["days_since_last_order"] == pace[0]
            _near(row["typical_gap_days"], pace[1], row)
            assert row["is_lapsed"] == (pace[0] > min(540, max(60, 4 * pace[1]))), row
            peers = peers_of(days, accounts, account, kind, month)
            assert (row["peer_scope"], row["peers_count"]) == (peers["peer_scope"], peers["peers_count"]), row
            _near(row["peer_median_12m_amount"], peers["median"], row)
            _near(row["peer_p75_12m_amount"], peers["p75"], row)
    assert expected == len(found)
    assert {row["peer_scope"] for row in found} >= {"industry_size", "all"}
    for account in {row["account_id"] for row in found}:
        newest = [row for row in found if row["account_id"] == account and row["month_date"] == months[0]]
        shares = [row["share_rate"] for row in newest if row["share_rate"] is not None]
        assert not shares or sum(shares) == pytest.approx(1)
