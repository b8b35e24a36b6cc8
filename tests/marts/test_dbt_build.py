"""The models on a real PostgreSQL: their unit tests, a company of which nothing is known yet, and one by chance."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql
from psycopg.rows import dict_row

from needs.read import read_new_texts
from tests.marts import (
    chance_lifecycle,
    chance_programme,
    chance_value,
    metrics_agreement,
    needs_agreement,
    recommendations_agreement,
    satisfaction_agreement,
    service_by_chance,
    value_agreement,
)
from tests.marts.building import ONLY_OF_WHAT_IS_BUILT, build, load_raw
from tests.marts.independent_service import Agreement, category, monthly_revenue, movements, waited
from tests.warehouse.nights import open_night
from warehouse import ledger
from warehouse.database import Role, Warehouse

SCHEMA = "build_of_the_unit_tests"
AS_OF = date(2025, 6, 30)
OVER = datetime(2025, 6, 30, 16, tzinfo=UTC)  # the end of that day in Shanghai

Row = dict[str, Any]

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
    results = _build(warehouse, target, "--exclude-resource-type", "exposure")
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
        load_raw(connection, "accounts", "account_id", [{"account_id": each} for each in accounts])
        for entity, rows in chance.tables.items():
            known_at = "2022-09-01 00:00+00" if entity == "accounts" else "2025-06-01 00:00+00"
            load_raw(connection, entity, chance_value.row_key(entity), rows, known_at=known_at)
        load_raw(connection, "contracts", "contract_id", contracts)
        load_raw(connection, "tickets", "ticket_id", tickets)
        load_raw(connection, "survey_responses", "survey_response_id", answers)
    marts = (
        "fct_contract_months", "fct_tickets", "fct_feedback", "dim_mart_inputs", "fct_key_accounts",
        *value_agreement.MARTS, *recommendations_agreement.MARTS,
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

    value_agreement.check(
        lambda mart: _rows(warehouse, mart), chance, accounts=accounts, agreements=agreements, answers=answers
    )
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
        load_raw(connection, "accounts", "account_id", records)
        load_raw(connection, "orders", "order_id", orders)
        load_raw(connection, "order_lines", "order_line_id", lines)
        load_raw(connection, "contracts", "contract_id", contracts)
        for entity, key in chance_programme.KEYS.items():
            load_raw(connection, entity, key, programme[entity])
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
        load_raw(connection, "contracts", "contract_id", contracts)
        for entity, key in service_by_chance.KEYS.items():
            load_raw(connection, entity, key, records[entity])
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


def _rows(warehouse: Warehouse, mart: str) -> list[Row]:
    with warehouse.connect(Role.TRANSFORMER) as connection, connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql.SQL("select * from {}").format(sql.Identifier(SCHEMA, mart))).fetchall()


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
