"""The models on a real PostgreSQL: their unit tests, a company of which nothing is known yet, and one by chance."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from tests.marts import satisfaction_agreement, service_by_chance
from tests.marts.independent_service import Agreement, category, monthly_revenue, movements, waited
from warehouse.database import Role, Warehouse
from warehouse.transform import PROJECT, dbt_environment

SCHEMA = "build_of_the_unit_tests"
AS_OF = date(2025, 6, 30)
OVER = datetime(2025, 6, 30, 16, tzinfo=UTC)  # the end of that day in Shanghai

Row = dict[str, Any]

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dbt_build")]  # the second build parses nothing anew


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dbt")


def _build(warehouse: Warehouse, target: Path, *words: str) -> list[Row]:
    """Run dbt build, find everything well, and return its results."""
    variables = {"as_of_date": AS_OF.isoformat(), "timezone": "Asia/Shanghai", "currency": "CNY"}
    command = [
        str(Path(sys.executable).with_name("dbt")), "--no-use-colors", "--no-version-check", "build", *words,
        "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(target),
        "--log-path", str(target), "--vars", json.dumps(variables),
    ]  # fmt: skip
    environment = dbt_environment(warehouse, SCHEMA, threads=2)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    results: list[Row] = json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
    broken = [result["unique_id"] for result in results if result["status"] not in {"success", "pass"}]
    assert broken == [], done.stdout[-4000:]
    return results


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


def test_contract_months_hours_and_answers_agree_with_another_way_to_compute_them(
    warehouse: Warehouse, target: Path
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
    marts = ("fct_contract_months", "fct_tickets", "fct_feedback", *satisfaction_agreement.MARTS)
    wanted = [f"+{mart}" for mart in marts]
    selected = (*wanted, "--exclude-resource-type", "unit_test", "--indirect-selection", "cautious")
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

    tickets = [ticket for ticket in records["tickets"] if ticket["opened_at"] < OVER]
    by_ticket = {row["ticket_id"]: row for row in hours}
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
        for answer in records["survey_responses"]
    }
    assert len(set(categories.values())) == 7

    recurring = {account: monthly_revenue(own, as_of=AS_OF, gap=30) for account, own in agreements.items()}
    found_marts = {mart: _rows(warehouse, mart) for mart in satisfaction_agreement.MARTS}
    satisfaction_agreement.check(found_marts, records, recurring, as_of=AS_OF, over=OVER)


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
