"""The models on a real PostgreSQL: their unit tests, a company of which nothing is known yet, and one by chance."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from needs.read import read_new_texts
from tests.marts import (
    chance_lifecycle,
    chance_programme,
    chance_value,
    independent,
    independent_value,
    metrics_agreement,
    needs_agreement,
    recommendations_agreement,
    satisfaction_agreement,
    service_by_chance,
)
from tests.marts.building import ONLY_OF_WHAT_IS_BUILT, build
from tests.marts.independent_service import Agreement, category, monthly_revenue, movements, waited
from tests.warehouse.nights import open_night
from warehouse import ledger
from warehouse.database import Role, Warehouse

SCHEMA = "build_of_the_unit_tests"
AS_OF = date(2025, 6, 30)
OVER = datetime(2025, 6, 30, 16, tzinfo=UTC)  # the end of that day in Shanghai

Row = dict[str, Any]

VALUE_MARTS = (
    "fct_account_value", "fct_account_loyalty", "fct_account_potential", "fct_key_account_components",
)  # fmt: skip
VALUE_COLUMNS = {
    "fct_account_value": (
        "net_revenue_365d_amount", "growth_rate", "margin_365d_amount", "mrr_amount", "paid_late_rate", "clv_amount",
    ),
    "fct_account_loyalty": (
        "tenure_days", "repeat_rate", "months_with_order_rate", "nps_rate", "csat_rate", "referrals_count",
        "complaints_per_order_day",
    ),
    "fct_account_potential": (
        "wallet_amount", "wallet_gap_amount", "weighted_pipeline_amount", "white_space_amount", "willingness_rate",
    ),
}  # fmt: skip
UNKNOWN = {
    "fct_account_value": {
        "net_revenue_365d_amount": "revenue_unknown_reason", "growth_rate": "growth_unknown_reason",
        "margin_365d_amount": "margin_unknown_reason", "average_order_amount": "average_order_unknown_reason",
        "mrr_amount": "mrr_unknown_reason", "payment_days": "payment_unknown_reason",
        "paid_late_rate": "paid_late_unknown_reason", "referral_revenue_amount": "referral_unknown_reason",
        "clv_amount": "clv_unknown_reason",
    },
    "fct_account_loyalty": {
        "tenure_days": "tenure_unknown_reason", "repeat_rate": "repeat_unknown_reason",
        "months_with_order_rate": "months_unknown_reason", "nps_rate": "nps_unknown_reason",
        "csat_rate": "csat_unknown_reason", "referrals_count": "referrals_unknown_reason",
        "complaints_per_order_day": "complaints_unknown_reason",
        "loyalty_points_balance": "loyalty_points_unknown_reason",
    },
    "fct_account_potential": {
        "wallet_amount": "wallet_unknown_reason", "growth_rate": "growth_unknown_reason",
        "pipeline_amount": "pipeline_unknown_reason", "white_space_amount": "white_space_unknown_reason",
        "willingness_rate": "willingness_unknown_reason",
    },
}  # fmt: skip

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dbt")


def _build(warehouse: Warehouse, target: Path, *words: str) -> list[Row]:
    # what the simulated company has, so that both find the project parsed
    variables = {
        "as_of_date": AS_OF.isoformat(), "timezone": "Asia/Shanghai", "currency": "CNY", "own_account_ids": [],
    }  # fmt: skip
    return build(warehouse, SCHEMA, target, variables, *words)


def test_every_unit_test_holds_and_an_empty_company_builds(warehouse: Warehouse, target: Path) -> None:
    results = _build(warehouse, target)
    assert sum(result["unique_id"].startswith("unit_test.") for result in results) >= 55
    with warehouse.connect(Role.TRANSFORMER) as connection:
        for mart in ("fct_account_lifecycle_months", "fct_contract_months", "fct_tickets", "dim_contacts"):
            query = sql.SQL("select count(*) from {}").format(sql.Identifier(SCHEMA, mart))
            assert connection.execute(query).fetchone() == (0,)
        told = connection.execute(f"select count(*), count(*) filter (where has_data) from {SCHEMA}.dim_mart_inputs")
        count, has_data = told.fetchone() or (0, 0)
        assert count > 20
        assert has_data == 0
        years = connection.execute(f"select min(calendar_date), max(calendar_date) from {SCHEMA}.dim_dates").fetchone()
        assert years == (date(2025, 1, 1), date(2026, 12, 31))


def test_the_marts_of_a_company_by_chance_agree_with_another_way_to_compute_them(
    warehouse: Warehouse, target: Path
) -> None:
    dice = random.Random(20250630)
    accounts = [f"A{number:02}" for number in range(40)]
    contracts, agreements = _contracts(dice, accounts)
    tickets = [_ticket(dice, number, accounts) for number in range(300)]
    answers = [_answer(dice, number, accounts) for number in range(300)]
    chance = chance_value.company(random.Random(20250701), as_of=AS_OF, count=70)
    with warehouse.connect_admin() as connection:
        _load(connection, "accounts", "account_id", [{"account_id": each} for each in accounts])
        for entity, rows in chance.tables.items():
            _load(connection, entity, chance_value.row_key(entity), rows)
        _load(connection, "contracts", "contract_id", contracts)
        _load(connection, "tickets", "ticket_id", tickets)
        _load(connection, "survey_responses", "survey_response_id", answers)
    marts = (
        "fct_contract_months", "fct_tickets", "fct_feedback", "dim_mart_inputs", "fct_key_accounts", *VALUE_MARTS,
        *recommendations_agreement.MARTS,
    )  # fmt: skip
    wanted = [f"+{mart}" for mart in marts]
    selected = (*wanted, *ONLY_OF_WHAT_IS_BUILT)
    _build(warehouse, target, "--select", *selected)
    months, hours, feedback = (
        _rows(warehouse, mart) for mart in ("fct_contract_months", "fct_tickets", "fct_feedback")
    )

    expected_months = []
    for account, own in agreements.items():
        revenue = monthly_revenue(own, as_of=AS_OF, gap=30)
        for (month, amount), movement in zip(revenue.items(), movements(revenue.values()), strict=True):
            expected_months.append((account, month, amount, movement))
    found = [(row["account_id"], row["month_date"], row["mrr_amount"], row["movement_type"]) for row in months]
    assert sorted(found) == sorted(expected_months)
    assert {row["movement_type"] for row in months} == {
        "new", "reactivated", "churned", "expansion", "contraction", "unchanged",
    }  # fmt: skip

    by_ticket = {row["ticket_id"]: row for row in hours if row["account_id"] in accounts}
    assert by_ticket.keys() == {ticket["ticket_id"] for ticket in tickets}
    for ticket in tickets:
        times = waited(
            opened=ticket["opened_at"], answered=ticket["first_response_at"], solved=ticket["resolved_at"],
            status=ticket["status"], priority=ticket["priority"], over=OVER,
        )  # fmt: skip
        row = by_ticket[ticket["ticket_id"]]
        assert _number(row["first_reply_hours"]) == pytest.approx(times.reply, abs=1e-4), ticket
        assert _number(row["resolution_hours"]) == pytest.approx(times.solution, abs=1e-4), ticket
        kept = (row["is_reply_in_target"], row["is_resolution_in_target"])
        assert kept == (times.reply_kept, times.solution_kept), ticket
    assert {row["is_reply_in_target"] for row in hours} == {True, False, None}

    categories = {row["survey_response_id"]: row["category"] for row in feedback}
    assert categories == {
        answer["survey_response_id"]: category(answer["kind"], answer["score"], answer["best_score"])
        for answer in answers
    }
    assert len(set(categories.values())) == 7

    _value_agrees(warehouse, _whole_company(chance, accounts, agreements, answers))
    _classes_agree(warehouse, chance)
    recommendations_agreement.check(lambda mart: _rows(warehouse, mart), chance)


def test_stages_transitions_cohorts_segments_and_key_figures_agree_with_another_way_to_compute_them(
    warehouse: Warehouse, target: Path
) -> None:
    dice = random.Random(20250630)
    accounts = [f"A{number:02}" for number in range(40)]
    contracts, agreements = _contracts(dice, accounts)
    records = chance_lifecycle.accounts(dice, accounts)
    orders, lines, sold = chance_lifecycle.orders(dice, accounts, as_of=AS_OF)
    programme = chance_programme.campaigns(dice, accounts, as_of=AS_OF)
    with warehouse.connect_admin() as connection:
        _load(connection, "accounts", "account_id", records)
        _load(connection, "orders", "order_id", orders)
        _load(connection, "order_lines", "order_line_id", lines)
        _load(connection, "contracts", "contract_id", contracts)
        for entity, key in chance_programme.KEYS.items():
            _load(connection, entity, key, programme[entity])
    marts = (*chance_lifecycle.MARTS, *chance_programme.MARTS, *metrics_agreement.MARTS)
    wanted = [f"+{mart}" for mart in marts]
    selected = (*wanted, *ONLY_OF_WHAT_IS_BUILT)
    _build(warehouse, target, "--select", *selected)
    signed = {account: min(each.start for each in own) for account, own in agreements.items()}
    by_day = chance_lifecycle.check(lambda mart: _rows(warehouse, mart), sold, records, signed, as_of=AS_OF)
    chance_programme.check(
        lambda mart: _rows(warehouse, mart),
        sold,
        by_day,
        {row["account_id"]: row["region"] for row in records},
        agreements,
        {account: monthly_revenue(own, as_of=AS_OF, gap=30) for account, own in agreements.items()},
        programme,
        as_of=AS_OF,
    )
    metrics_agreement.check(warehouse, SCHEMA, lambda mart: _rows(warehouse, mart), as_of=AS_OF)


def test_satisfaction_experience_trainings_categories_and_needs_agree_with_another_way_to_compute_them(
    warehouse: Warehouse, target: Path, tmp_path: Path
) -> None:
    dice = random.Random(20250630)
    accounts = [f"A{number:02}" for number in range(40)]
    contracts, agreements = _contracts(dice, accounts)
    tickets = [_ticket(dice, number, accounts) for number in range(300)]
    answers = [_answer(dice, number, accounts) for number in range(300)]
    records = service_by_chance.records(dice, OVER)
    records["accounts"] += [{"account_id": each} for each in accounts]
    records["tickets"] += tickets
    records["survey_responses"] += answers
    with warehouse.connect_admin() as connection:
        _load(connection, "contracts", "contract_id", contracts)
        for entity, key in service_by_chance.KEYS.items():
            _load(connection, entity, key, records[entity])
    night = open_night(warehouse, tmp_path, run_id="needs", as_of=AS_OF)
    with ledger.stage(warehouse, night, "match") as claim:
        read_new_texts(warehouse, claim, progress=lambda _: None)
    wanted = [f"+{mart}" for mart in (*satisfaction_agreement.MARTS, *needs_agreement.MARTS)]
    selected = (*wanted, *ONLY_OF_WHAT_IS_BUILT)
    _build(warehouse, target, "--select", *selected)
    recurring = {account: monthly_revenue(own, as_of=AS_OF, gap=30) for account, own in agreements.items()}
    found = {mart: _rows(warehouse, mart) for mart in satisfaction_agreement.MARTS}
    satisfaction_agreement.check(found, records, recurring, as_of=AS_OF, over=OVER)
    needs_agreement.check(lambda mart: _rows(warehouse, mart), records, as_of=AS_OF, over=OVER)


def _whole_company(
    chance: chance_value.Chance, accounts: list[str], agreements: dict[str, list[Agreement]], answers: list[Row]
) -> independent_value.Company:
    """The company by chance in the independent form: what was loaded, and what it means."""
    told = [
        {
            "account_id": answer["account_id"], "kind": answer["kind"], "score": float(answer["score"]),
            "best": answer["best_score"] or 5,
            "category": category(answer["kind"], answer["score"], answer["best_score"]),
            "date": (answer["answered_at"] + timedelta(hours=8)).date(), "known": date(2025, 6, 1), "until": None,
        }
        for answer in answers
    ]  # fmt: skip
    bought = independent.order_days(_lines(chance))
    contracts = [{"known": date(2023, 1, 1), "until": None}] if agreements else []
    mrr = {name: monthly_revenue(own, as_of=AS_OF, gap=30) for name, own in agreements.items()}
    plain = [{"account_id": name, "industry": None, "size_band": None, "is_internal": False} for name in accounts]
    rows = [*plain, *chance.tables["accounts"]]
    for row in rows:
        row["is_customer"] = row["account_id"] in bought or row["account_id"] in agreements
    counted = [row for row in chance.versions["order_lines"] if row["counts"]]
    return independent_value.Company(
        accounts=rows,
        records=chance.versions | {"order_lines": counted, "survey_responses": told, "contracts": contracts},
        recurring=lambda name, day: (
            float(mrr[name][day.replace(day=1)]) if day.replace(day=1) in mrr.get(name, {}) else None
        ),
        first_contract={name: min(each.start for each in own) for name, own in agreements.items()},
    )


def _lines(chance: chance_value.Chance) -> pd.DataFrame:
    """The revenue lines in the form of the independent computation of classes."""
    internal = {row["account_id"] for row in chance.tables["accounts"] if row["is_internal"]}
    rows = [row for row in chance.versions["order_lines"] if row["counts"] and row["account_id"] not in internal]
    named = {"account_id": "account_id", "date": "order_date", "known": "known_date", "until": "superseded_date"}
    frame = pd.DataFrame(rows).rename(columns=named | {"net": "net_amount"})
    for column in ("order_date", "known_date", "superseded_date"):
        frame[column] = pd.to_datetime(frame[column])
    return frame


def _value_agrees(warehouse: Warehouse, company: independent_value.Company) -> None:
    found = independent_value.measures(company, AS_OF)
    marts = {mart: {row["account_id"]: row for row in _rows(warehouse, mart)} for mart in VALUE_MARTS[:3]}
    for rows in marts.values():
        assert rows.keys() == found.keys()
    renamed = {"clv_amount": "clv", "wallet_amount": "wallet"}
    for mart, columns in VALUE_COLUMNS.items():
        for column in columns:
            values = {name: _number(row[column]) for name, row in marts[mart].items()}
            expected = {name: own[renamed.get(column, column)] for name, own in found.items()}
            assert values == {name: pytest.approx(each, abs=1e-3) for name, each in expected.items()}, column
            assert len(set(values.values())) > 2, f"{column} says nothing"
    for mart, rows in marts.items():
        for row in rows.values():
            for column, why in UNKNOWN[mart].items():
                assert (row[column] is None) == (row[why] is not None), (mart, column, row["account_id"])

    standings = independent_value.key_accounts(company, found)
    before = independent_value.key_accounts(company, independent_value.measures(company, date(2025, 5, 31)))
    tiers = {row["account_id"]: row for row in _rows(warehouse, "fct_key_accounts")}
    assert len(tiers) == len(_rows(warehouse, "fct_key_accounts"))
    assert {name: row["tier_code"] for name, row in tiers.items()} == {
        name: standing.tier for name, standing in standings.items()
    }
    assert {row["tier_code"] for row in tiers.values()} >= {"A", "B", "C", "N"}
    assert {name: row["previous_tier_code"] for name, row in tiers.items()} == {
        name: standing.tier for name, standing in before.items()
    }
    for name, row in tiers.items():
        standing = standings[name]
        for dimension in ("value", "loyalty", "potential"):
            assert row[f"{dimension}_rate"] == pytest.approx(standing.rates.get(dimension), abs=1e-5), (name, dimension)
        assert (row["score_rate"], row["coverage_rate"]) == (
            pytest.approx(standing.score, abs=1e-5), pytest.approx(standing.coverage, abs=1e-5),
        ), name  # fmt: skip
    same: dict[tuple[object, ...], set[float | None]] = {}
    for row in _rows(warehouse, "fct_key_account_components"):
        same.setdefault((row["component_code"], row["peer_industry"], row["component_value"]), set()).add(
            row["peer_rate"]
        )
    assert {len(rates) for rates in same.values()} == {1}, "equal values stand at the same place"


def _classes_agree(warehouse: Warehouse, chance: chance_value.Chance) -> None:
    """Raw classes, their shares and the published class, over every month end since the first line was known."""
    lines = _lines(chance)
    named = [row["account_id"] for row in chance.tables["accounts"] if not row["is_internal"]]
    first = lines["known_date"].min()
    month_ends = [each.date() for each in pd.date_range(first, AS_OF, freq="ME") if each.date() < AS_OF]
    days = [*month_ends[-36:], AS_OF]
    history: dict[str, list[tuple[date, str, Decimal | None]]] = {name: [] for name in named}
    for day in days:
        now = pd.Timestamp(day)
        seen = set(lines[(lines["known_date"] <= now) & (lines["order_date"] <= now)]["account_id"])
        for name, raw, share in independent.abc(lines, accounts=named, as_of=day).itertuples():
            if name in seen or day == AS_OF:
                history[name].append((day, raw, share))
    rows = {row["account_id"]: row for row in _rows(warehouse, "fct_account_abc")}
    assert sum(row["revenue_rate"] for row in rows.values()) == pytest.approx(1)
    assert {name: rows[name]["abc_class"] for name in named} == {name: own[-1][1] for name, own in history.items()}
    assert {name: (rows[name]["published_class"], rows[name]["published_since_date"]) for name in named} == {
        name: independent_value.published_classes(own, as_of=AS_OF) for name, own in history.items()
    }
    assert any(row["published_class"] != row["abc_class"] for row in rows.values())


def _contracts(dice: random.Random, accounts: list[str]) -> tuple[list[Row], dict[str, list[Agreement]]]:
    """Contracts with what they were before, what they will be, and such as never run; and those that count."""
    rows: list[Row] = []
    counted: dict[str, list[Agreement]] = {}
    for account in accounts:
        for number in range(dice.randint(0, 5)):
            start = date(2024, 1, 1) + timedelta(days=dice.randint(0, 520))
            end = start + timedelta(days=dice.randint(0, 200)) if dice.random() < 0.8 else None
            amount = Decimal(dice.randint(1, 6)) * 50
            what = dice.choice(["plain", "plain", "plain", "draft", "cancelled", "trial", "project"])
            row: Row = {
                "contract_id": f"{account}-{number}", "account_id": account, "monthly_amount": amount,
                "kind": "project" if what == "project" else dice.choice(["subscription", "licence", None]),
                "status": what if what in ("draft", "cancelled") else dice.choice(["active", None]),
                "is_trial": what == "trial", "start_date": start, "end_date": end,
            }  # fmt: skip
            rows.append(row)
            rows.append(row | {"monthly_amount": amount * 2, "end_date": None, "known_at": "2023-01-01 00:00+00"})
            rows.append(row | {"monthly_amount": amount * 3, "known_at": OVER})  # known only tomorrow
            if what == "plain":
                counted.setdefault(account, []).append(Agreement(start, end, amount))
    return rows, {account: own for account, own in counted.items() if min(each.start for each in own) <= AS_OF}


def _ticket(dice: random.Random, number: int, accounts: list[str]) -> Row:
    opened = OVER - timedelta(minutes=dice.randint(1, 60 * 24 * 12))
    soon, late = (opened + timedelta(minutes=dice.randint(-60, 60 * dice.choice([2, 12, 100, 400]))) for _ in range(2))
    return {
        "ticket_id": f"t{number}", "account_id": dice.choice(accounts), "opened_at": opened,
        "first_response_at": soon if dice.random() < 0.7 else None,
        "resolved_at": late if dice.random() < 0.6 else None,
        "status": dice.choice([None, "open", "waiting", "resolved", "closed"]),
        "priority": dice.choice([None, "low", "normal", "high", "urgent"]),
    }  # fmt: skip


def _answer(dice: random.Random, number: int, accounts: list[str]) -> Row:
    kind = dice.choice(["nps", "csat", "ces"])
    best = dice.choice([None, None, 7, 10]) if kind != "nps" else None
    return {
        "survey_response_id": f"r{number}", "account_id": dice.choice(accounts), "kind": kind,
        "score": dice.randint(0, 11) if kind == "nps" else dice.randint(0, (best or 5) + 1), "best_score": best,
        "answered_at": OVER - timedelta(minutes=dice.randint(1, 100_000)),
    }  # fmt: skip


def _load(connection: psycopg.Connection, entity: str, key: str, rows: list[Row]) -> None:
    for place, row in enumerate(rows):
        full: Row = {"known_at": "2025-06-01 00:00+00"} | row
        full |= {"source": "crm", "record_id": row[key], "content_hash": str(place), "gen": 1}
        statement = sql.SQL("insert into {} ({}) values ({})").format(
            sql.Identifier("raw", entity),
            sql.SQL(", ").join(map(sql.Identifier, full)),
            sql.SQL(", ").join(sql.Placeholder() * len(full)),
        )
        connection.execute(statement, list(full.values()))


def _rows(warehouse: Warehouse, mart: str) -> list[Row]:
    with warehouse.connect(Role.TRANSFORMER) as connection, connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql.SQL("select * from {}").format(sql.Identifier(SCHEMA, mart))).fetchall()


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
