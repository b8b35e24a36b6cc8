"""Nights in the ledger as the stages note them, to be told of, and people to tell."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.conftest import copied_warehouse
from tests.delivery.conftest import FaultyServer
from warehouse.company import Company
from warehouse.database import Role, Warehouse
from warehouse.house import House
from warehouse.settings import Settings

DAY = date(2026, 3, 31)
BEGAN = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)
MORNING = datetime(2026, 4, 1, 8, 0, tzinfo=UTC)
"""The morning after DAY, an hour after the deadline in Berlin's summer: ten o'clock there."""


# in an order that no key forbids; what hangs on a run goes with it
_WRITTEN = (
    "ops.outbox", "ops.published", "ops.runs", "ops.alerts", "ops.models", "ops.company", "quarantine.rows",
    "pub.fct_churn_outcomes", "pub.fct_churn_drift",
)  # fmt: skip


@dataclass(slots=True)
class Ledger:
    """Writes nights as their stages do; what is not named is well."""

    connection: psycopg.Connection
    gen: int = 0

    def night(self, *, state: str = "published", day: date = DAY, note: str | None = None, attempt: int = 1) -> int:
        """Write a run, live when it is published, and return its generation."""
        self.gen += 1
        self.connection.execute(
            "insert into ops.runs (gen, run_id, as_of, timezone, state, note, attempt, started_at, published_at)"
            " values (%s, %s, %s, 'Europe/Berlin', %s, %s, %s, %s, %s)",
            (self.gen, f"night-{day}", day, state, note, attempt, BEGAN, BEGAN if state == "published" else None),
        )
        if state == "published":
            self.connection.execute(
                "insert into ops.published (gen, as_of) values (%s, %s)"
                " on conflict (is_only) do update set gen = excluded.gen, as_of = excluded.as_of",
                (self.gen, day),
            )
        self.connection.commit()
        return self.gen

    def stage(
        self, name: str, *, state: str = "done", part: str = "", seconds: float = 10, note: str | None = None,
        number: int = 1, attempt: int = 1, ended: datetime = BEGAN + timedelta(minutes=5),
    ) -> None:  # fmt: skip
        self.connection.execute(
            "insert into ops.stage_runs (gen, stage, part, number, attempt, state, note, seconds, peak_mb, started_at,"
            " finished_at) values (%s, %s, %s, %s, %s, %s, %s, %s, 100, %s, %s)",
            (self.gen, name, part, number, attempt, state, note, seconds, ended - timedelta(seconds=seconds), ended),
        )
        self.connection.commit()

    def load(
        self, entity: str, *, source: str = "erp", new: int = 5, quarantined: int = 0, state: str = "loaded",
        day: date = DAY,
    ) -> None:  # fmt: skip
        self.connection.execute(
            "insert into ops.extracts (gen, attempt, source, entity, dataset, as_of, is_full, state, extracted_count,"
            " new_count, quarantined_count, seconds) values (%s, 1, %s, %s, %s, %s, true, %s, %s, %s, %s, 1)",
            (self.gen, source, entity, entity, day, state, new + quarantined, new, quarantined),
        )
        self.connection.commit()

    def source(self, name: str, *, holds_mails: bool = True) -> None:
        self.connection.execute(
            "insert into ops.sources (source, kind, rank, holds_mails) values (%s, 'files', 1, %s)"
            " on conflict do nothing",
            (name, holds_mails),
        )
        self.connection.commit()

    def check(self, stage: str, *, kept: bool, severity: str = "critical", number: int = 1) -> None:
        self.connection.execute(
            "insert into ops.check_results (gen, attempt, stage, suite, expectation, severity, is_success, observed,"
            " expected, description_en, description_zh)"
            " values (%s, 1, %s, 'raw_orders', %s, %s, %s, '3', '0', 'Orders have a day.', '订单都有日期。')",
            (self.gen, stage, f"Expect{number}", severity, kept),
        )
        self.connection.commit()

    def refused(self, rule: str, *, record_id: str, seen: str, row: dict[str, str]) -> None:
        self.connection.execute(
            'insert into quarantine.rows (gen, attempt, source, entity, rule, record_id, "row", seen)'
            " values (%s, 1, 'erp', 'payments', %s, %s, %s, %s)",
            (self.gen, rule, record_id, json.dumps(row), seen),
        )
        self.connection.commit()

    def mail(
        self, manager: str, state: str, *, error: str | None = None, recipient: str = "ann@example.test",
        unknown: int = 0, updated: datetime = BEGAN,
    ) -> None:  # fmt: skip
        self.connection.execute(
            "insert into ops.outbox (gen, account_manager_id, kind, recipient, message_id, state, last_error,"
            " unknown_count, not_after, updated_at) values (%s, %s, 'churn_list', %s, %s, %s, %s, %s, %s, %s)",
            (self.gen, manager, recipient, f"<{self.gen}.{manager}>", state, error, unknown,
             BEGAN + timedelta(days=2), updated),
        )  # fmt: skip
        self.connection.commit()

    def outcome(self, month: date, *, churned: int, accounts: int, predicted: float, precision: float) -> None:
        self.connection.execute(
            "insert into pub.fct_churn_outcomes (gen, month_date, model_id, group_kind, accounts_count, churned_count,"
            " predicted_rate, realised_rate, realised_low_rate, realised_high_rate, capacity_count,"
            " precision_at_capacity_rate, is_enough)"
            " values (%s, %s, 'm1', 'all', %s, %s, %s, %s, 0.1, 0.3, 40, %s, true)",
            (self.gen, month, accounts, churned, predicted, churned / accounts, precision),
        )
        self.connection.commit()

    def drift(self, feature: str, *, value: float, limit: float) -> None:
        self.connection.execute(
            "insert into pub.fct_churn_drift (gen, drift_kind, feature_code, drift_value, limit_value, is_drifting,"
            " text_en, text_zh, model_id) values (%s, 'psi', %s, %s, %s, %s, %s, '漂移。', 'm1')",
            (self.gen, feature, value, limit, value > limit, f"{feature} is {value}, limit {limit}."),
        )
        self.connection.commit()

    def model(self, *, grade: str = "B") -> None:
        metrics = {"qualities": {"model": {"auc": 0.81, "average_precision": 0.52}}}
        self.connection.execute(
            "insert into ops.models (model_id, kind, as_of, file_sha256, features, sklearn_version, metrics, best_rule,"
            " beats_rule, grade, note, is_champion, was_champion) values ('m1', 'model', %s, 'x', '{}', '1', %s,"
            " 'recency', true, %s, 'the model makes the lists', true, true)",
            (DAY, json.dumps(metrics), grade),
        )
        self.connection.commit()


@pytest.fixture(scope="session")
def warehouse(server_url: str, template_database: str) -> Iterator[Warehouse]:
    """One warehouse for all tests of this folder: a copy for each would cost more than the tests."""
    yield from copied_warehouse(server_url, template_database)


@pytest.fixture
def ledger(warehouse: Warehouse) -> Iterator[Ledger]:
    """An empty ledger."""
    with warehouse.connect_admin() as connection:
        connection.execute("set role guanxi_owner")
        for table in _WRITTEN:
            connection.execute(f"delete from {table}".encode())
        connection.execute("delete from ops.sources where source <> 'erp'")
        connection.commit()
        yield Ledger(connection)


@pytest.fixture
def publisher(warehouse: Warehouse) -> Iterator[psycopg.Connection]:
    with warehouse.connect(Role.PUBLISHER) as connection:
        connection.autocommit = True
        yield connection


@pytest.fixture
def house(warehouse: Warehouse, test_company: Company, tmp_path: Path, ledger: Ledger) -> House:
    """A house without anybody to tell; the company is the one that the warehouse holds."""
    ledger.connection.execute("insert into ops.company (company_id) values (%s)", (test_company.id,))
    ledger.connection.commit()
    return House(Settings(home=tmp_path / "home"), test_company, warehouse, warehouse.admin_url)


@pytest.fixture
def post() -> Iterator[FaultyServer]:
    """A real mail server that misbehaves on request."""
    server = FaultyServer()
    with server.listening() as server.port:
        yield server


@dataclass(slots=True)
class Hook:
    """A real HTTP server that keeps what is posted to it, and answers as it is told."""

    url: str = ""
    status: int = 200
    answer: dict[str, Any] = field(default_factory=dict)
    kept: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if made.status == 200:
                made.kept.append(json.loads(body))
            self.send_response(made.status)
            self.end_headers()
            self.wfile.write(json.dumps(made.answer).encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_address[1]}/hook/s3cr3t"
    yield made
    server.shutdown()
    thread.join()
    server.server_close()
