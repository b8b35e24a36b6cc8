"""A published night to deliver, and a mail server that misbehaves on request."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import dataclasses
import email
import email.policy
import random
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from aiosmtpd.smtp import SMTP

from delivery.churn_letter import ChurnLetter, ListRow, Relationship
from delivery.managers import Language, Manager
from warehouse.company import Company
from warehouse.database import Role, Warehouse
from warehouse.ledger import open_night
from warehouse.night import Night

AS_OF = date(2026, 3, 31)
NOW = datetime(2026, 4, 1, 4, 0, tzinfo=UTC)

# The part of the marts that delivery reads; the published tables have more columns.
_MARTS = """
create table if not exists pub.dim_accounts (
    gen bigint not null, account_id text, account_name text, account_manager_id text, is_internal boolean,
    as_of_date date
);
create table if not exists pub.dim_account_managers (
    gen bigint not null, account_manager_id text, account_manager_name text, email text, language text,
    is_active boolean, list_capacity integer, role text, accounts_count bigint, reports_to_id text, covered_by_id text,
    as_of_date date
);
grant select on pub.dim_accounts, pub.dim_account_managers to guanxi_mailer;
"""


def list_row(rank: int = 1, **changes: Any) -> ListRow:
    """A plain row of a list."""
    row = ListRow(
        rank=rank,
        row_code=f"GX-0000{rank:04d}",
        account_id=f"C{rank:04d}",
        account_name=f"Account {rank}",
        status_code="new" if rank % 2 == 0 else "still_open",
        status="New" if rank % 2 == 0 else "Still open",
        stands_in_for=None,
        stage="Declining",
        abc_class="A",
        band="High",
        churn_probability=0.625,
        former_probability=0.5,
        expected_loss_amount=Decimal("1234.56") / rank,
        margin_at_risk_amount=Decimal("2469.25"),
        net_revenue_365d_amount=Decimal("9876.50"),
        days_since_last_order=93,
        typical_gap_days=21.4,
        order_days=(3, 2, 4, 1, 0, 2, 3, 1, 1, 0, 0, 0),
        relationship=Relationship(side="Organisation", level="Vendor", target="Supplier", gap=Decimal(1)),
        unfilled_roles_count=2,
        days_since_last_contact=40,
        mailed_days_count=3,
        last_mailed_date=AS_OF,
        answer="Called",
        answer_date=AS_OF,
        reasons=("No order for 93 days; similar accounts: 24.",),
        play="Win-back call",
        play_steps="Read the last orders. Call the buyer.",
        record_url=f"https://crm.example.test/accounts/C{rank:04d}",
        method_code="model",
    )
    return dataclasses.replace(row, **changes)


def letter_head(language: Language, name: str) -> dict[str, Any]:
    """What every letter has, whatever it is about."""
    return {
        "manager": Manager("am1", name, "ann@example.test", language),
        "company_id": "tiny",
        "company_name": "Tiny Trading",
        "currency": "EUR",
        "gen": 12,
        "as_of": AS_OF,
        "made_at": datetime(2026, 4, 1, 5, 30, tzinfo=ZoneInfo("Europe/Berlin")),
    }


def a_letter(*rows: ListRow, language: Language = "en", name: str = "Ann O'Hara", **changes: Any) -> ChurnLetter:
    """A letter with the given rows, or with one plain row."""
    letter = ChurnLetter(
        **letter_head(language, name),
        rows=rows or (list_row(),),
        outcomes=("Called", "Visited") if language == "en" else ("已联系", "已拜访"),
    )
    return dataclasses.replace(letter, **changes)


@pytest.fixture
def company(test_company: Company) -> Company:
    """The tiny company with a desk for accounts that nobody owns."""
    desk = {
        "account_manager_id": "desk",
        "account_manager_name": "The Desk",
        "email": "desk@example.test",
        "language": "zh",
    }
    return Company.model_validate(test_company.model_dump(by_alias=True) | {"fallback_manager": desk})


@dataclass(slots=True)
class Publisher:
    """Puts nights into pub and ops as a publication does."""

    connection: psycopg.Connection
    gen: int = 0

    def publish(
        self,
        managers: Sequence[dict[str, Any]],
        lists: Mapping[str, Sequence[str]],
        *,
        owners: Mapping[str, str | None] | None = None,
        as_of: date = AS_OF,
        stale: Mapping[str, date | None] | None = None,
        holds_mails: bool = True,
    ) -> int:
        """Publish managers and lists (manager -> accounts); return the generation.

        Of a manager: id, name, email, language, is_active, accounts, lead, covered_by. `owners` says who owns an
        account where that is not the manager on whose list it is; `stale` are sources that gave nothing, each with the
        day it gave something last.
        """
        self.gen += 1
        gen = self.gen
        execute = self.connection.execute
        execute(
            "insert into ops.runs (gen, run_id, as_of, timezone, state, published_at)"
            " values (%s, %s, %s, 'Europe/Berlin', 'published', %s)",
            (gen, f"night {gen}", as_of, NOW),
        )
        for manager in managers:
            execute(
                "insert into pub.dim_account_managers"
                " (gen, account_manager_id, account_manager_name, email, language, is_active, role, accounts_count,"
                " reports_to_id, covered_by_id, as_of_date)"
                " values (%(gen)s, %(id)s, %(name)s, %(email)s, %(language)s, %(is_active)s, 'account_manager',"
                " %(accounts)s, %(lead)s, %(covered_by)s, %(as_of)s)",
                {"name": f"Name of {manager['id']}", "email": f"{manager['id']}@example.test", "language": "en"}
                | {"is_active": True, "accounts": 3, "lead": None, "covered_by": None, "gen": gen, "as_of": as_of}
                | manager,
            )
        away = {manager["id"]: manager.get("covered_by") for manager in managers}
        for manager_id, accounts in lists.items():
            for rank, account_id in enumerate(accounts, start=1):
                owner = (owners or {}).get(account_id, manager_id)
                execute(
                    "insert into pub.dim_accounts (gen, account_id, account_name, account_manager_id, as_of_date)"
                    " values (%s, %s, %s, %s, %s)",
                    (gen, account_id, f"Account {account_id}", owner, as_of),
                )
                execute(
                    "insert into pub.fct_churn_lists (gen, account_manager_id, rank, account_id, account_name,"
                    " band_code, expected_loss_amount, method_code, is_new, stands_in_for_id, as_of_date)"
                    " values (%s, %s, %s, %s, %s, 'high', %s, 'model', false, %s, %s)",
                    (
                        gen,
                        manager_id,
                        rank,
                        account_id,
                        f"Account {account_id}",
                        100 - rank,
                        owner if away.get(owner or "") == manager_id else None,
                        as_of,
                    ),
                )
        execute(
            "insert into ops.published (gen, as_of) values (%s, %s)"
            " on conflict (is_only) do update set gen = excluded.gen, as_of = excluded.as_of",
            (gen, as_of),
        )
        execute(
            "insert into pub.dim_sources (gen, source, source_rank, delivered_through_date, is_stale, holds_mails)"
            " values (%s, 'fresh', 1, %s, false, true)",
            (gen, as_of),
        )
        for rank, (source, day) in enumerate((stale or {}).items(), start=2):
            execute(
                "insert into pub.dim_sources (gen, source, source_rank, delivered_through_date, is_stale, holds_mails)"
                " values (%s, %s, %s, %s, true, %s)",
                (gen, source, rank, day, holds_mails),
            )
        self.enqueue(gen)
        return gen

    def enqueue(self, gen: int) -> None:
        """Write the outbox as the publication of a night, or of a further attempt of it, does."""
        execute = self.connection.execute
        execute("select ops.enqueue_mails(%s)", (gen,))
        execute("select ops.enqueue_summaries(%s)", (gen,))
        execute("update ops.outbox set not_after = %s where gen = %s", (NOW.replace(day=2), gen))
        self.connection.commit()

    def states(self, gen: int, kind: str | None = None) -> dict[str, str]:
        """The state of each manager's mail, of one kind where there are several."""
        rows = self.connection.execute(
            "select account_manager_id, state from ops.outbox where gen = %s and kind = coalesce(%s, kind)", (gen, kind)
        )
        found: dict[str, str] = dict(rows.fetchall())
        self.connection.commit()
        return found


@pytest.fixture
def publisher(warehouse: Warehouse) -> Iterator[Publisher]:
    with warehouse.connect_admin() as connection:
        connection.execute("set role guanxi_owner")
        connection.execute(_MARTS)
        connection.commit()
        yield Publisher(connection)


Policy = Callable[[str, int], str]
"""Given the recipient and how many mails of theirs came before, what the server does with this one."""


@dataclass(slots=True)
class FaultyServer:
    """A real SMTP server. `policy` answers 'ok', '451', '550', 'drop before', 'drop after' or 'hang'."""

    policy: Policy = field(default=lambda _recipient, _number: "ok")
    kept: dict[str, list[EmailMessage]] = field(default_factory=lambda: collections.defaultdict(list))
    tries: collections.Counter[str] = field(default_factory=collections.Counter)
    port: int = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}?timeout=5"

    @contextlib.contextmanager
    def listening(self, *, context: ssl.SSLContext | None = None, is_starttls: bool = False) -> Iterator[int]:
        """Serve on a free port, over TLS when there is a context."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()

        def session() -> SMTP:
            return SMTP(self, loop=loop, hostname="localhost", tls_context=context if is_starttls else None)

        async def listen() -> asyncio.Server:
            return await loop.create_server(session, "127.0.0.1", 0, ssl=None if is_starttls else context)

        async def close(server: asyncio.Server) -> None:
            server.close()
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        server = asyncio.run_coroutine_threadsafe(listen(), loop).result()
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            asyncio.run_coroutine_threadsafe(close(server), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if self.policy(address, self.tries[address]) == "550":
            self.tries[address] += 1
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        recipient = envelope.rcpt_tos[0]
        deed = self.policy(recipient, self.tries[recipient])
        self.tries[recipient] += 1
        if deed == "451":
            return "451 try again later"
        if deed == "drop before":
            server.transport.abort()
            return "451 never seen"
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.kept[recipient].append(message)
        if deed == "drop after":
            server.transport.abort()
        if deed == "hang":
            await asyncio.sleep(60)
        return "250 kept"


@pytest.fixture
def faulty_server() -> Iterator[FaultyServer]:
    faulty = FaultyServer()
    with faulty.listening() as faulty.port:
        yield faulty


def random_faults(seed: int) -> Policy:
    """5 % refused for now, 5 % cut before the mail is kept, 10 % kept with the answer lost; the rest is well."""
    draw = random.Random(seed)

    def policy(_recipient: str, _number: int) -> str:
        chance = draw.random()
        if chance < 0.05:
            return "451"
        if chance < 0.10:
            return "drop before"
        return "drop after" if chance < 0.20 else "ok"

    return policy


@pytest.fixture
def mailer(warehouse: Warehouse) -> Iterator[psycopg.Connection]:
    with warehouse.connect(Role.MAILER) as connection:
        yield connection


@pytest.fixture
def night(warehouse: Warehouse, test_company: Company, tmp_path: Path) -> Night:
    return open_night(
        warehouse, run_id="2026-03-31", as_of=AS_OF, timezone="Europe/Berlin", company_id=test_company.id,
        runs_folder=tmp_path,
    )  # fmt: skip
