"""Small nights, built by hand: marts whose every row says which night built it, one of them in pieces."""

from __future__ import annotations

import contextlib
import dataclasses
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from warehouse import ledger
from warehouse.database import OWNER, Role, Warehouse
from warehouse.night import Claim, FencedError, Night
from warehouse.publication import audit, publish, rollback
from warehouse.published_tables import Mart

DAY = date(2026, 3, 31)
ROWS = 200

# `mark` is a number that the night writes into every row: readers compare it between marts.
MARTS = (
    Mart(
        "dim_account_managers",
        (("account_manager_id", "text"), ("email", "text"), ("mark", "bigint"), ("as_of_date", "date")),
        frozenset({"email"}),
    ),
    Mart("dim_accounts", (("account_id", "text"), ("mark", "bigint"), ("as_of_date", "date")), frozenset()),
    Mart(
        "fct_account_rfm",
        (("account_id", "text"), ("net_revenue_amount", "numeric"), ("mark", "bigint"), ("as_of_date", "date")),
        frozenset(),
    ),
    Mart(
        "fct_order_lines",
        (("account_id", "text"), ("order_date", "date"), ("as_of_date", "date"), ("mark", "bigint")),
        frozenset(),
        pieces_by="order_date",
    ),
)

_VALUES = {
    "account_id": "'C' || i",
    "account_manager_id": "'m' || i",
    "email": "'m' || i || '@example.com'",
    "net_revenue_amount": "i * 1.5",
    "mark": "%(mark)s",
    "as_of_date": "%(as_of)s::date",
    # five months, and lines without a date
    "order_date": "case when mod(i, 10) > 0 then date '2025-11-01' + mod(i, 150) end",
}


def rows_of(mart: Mart, schema: str) -> str:
    """Return a from clause of a mart in schema bi, or in pub, where its rows have the gen they belong to."""
    pieces = " join ops.generation_pieces using (piece)" if schema == "pub" and mart.pieces_by else ""
    return f"{schema}.{mart.name}{pieces}"


def _every_row(column: str, schema: str) -> str:
    return (
        "(" + " union all ".join(f"select {column} from {rows_of(mart, schema)}" for mart in MARTS) + ") as every_row"
    )


@dataclass(frozen=True, slots=True)
class Hand:
    """Works on nights through connections that stay open, stage by stage, as the commands do one by one."""

    folder: Path
    admin: psycopg.Connection
    publisher: psycopg.Connection
    transformer: psycopg.Connection
    checker: psycopg.Connection
    reader: psycopg.Connection

    def open(self, run_id: str = "night-1", *, as_of: date = DAY) -> Night:
        """Open a run, or a further attempt of it, without looking who else is at work."""
        row = self.publisher.execute("select * from ops.open_run(%s, %s, 'UTC')", (run_id, as_of)).fetchone()
        self.publisher.commit()
        gen, attempt, fence = one(row)
        return Night(gen, run_id, attempt, str(fence), as_of, "tiny", "UTC", None, self.folder)

    def claim(self, night: Night, stage: str, connection: psycopg.Connection | None = None) -> Claim:
        connection = connection or self.checker
        with connection.transaction():
            row = connection.execute(
                "select token::text, number from ops.claim_stage(%s, %s, %s, '')", (night.gen, night.fence, stage)
            ).fetchone()
        token, number = one(row)
        return Claim(night, stage, "", token, number)

    def build(self, night: Night, *, mark: int, rows: int = ROWS, also: str = "", without: str | None = None) -> str:
        """Build the marts and return their schema; `also` is SQL that spoils them, `without` a mart left out."""
        claim = self.claim(night, "transform", self.transformer)
        schema = f"build_{night.gen}_{claim.number}"
        name = sql.Identifier(schema)
        with self.transformer.transaction():
            claim.assert_held(self.transformer)
            self.transformer.execute(sql.SQL("create schema {}").format(name))
            self.transformer.execute(sql.SQL("grant usage on schema {} to {}").format(name, sql.Identifier(OWNER)))
            self.transformer.execute("select ops.begin_build(%s, %s, %s)", (night.gen, claim.token, schema))
            self.transformer.execute(sql.SQL("set local search_path = {}").format(name))
            for mart in MARTS:
                if mart.name == without:
                    continue
                columns = ", ".join(f"cast({_VALUES[column]} as {kind}) as {column}" for column, kind in mart.columns)
                self.transformer.execute(
                    f"create table {mart.name} as select {columns} from generate_series(1, {rows}) i".encode(),
                    {"mark": mark, "as_of": night.as_of},
                )
            if also:
                self.transformer.execute(also.encode())
        return schema

    def audit(self, night: Night) -> dict[str, int]:
        return audit(self.checker, self.claim(night, "check_scores"))

    def publish(self, night: Night, *, keep: int = 7, other_fence: bool = False) -> dict[str, int]:
        """Publish; with `other_fence` as an attempt would whose fence is not the run's."""
        claim = self.claim(night, "publish")
        if other_fence:
            claim = dataclasses.replace(claim, night=dataclasses.replace(night, fence=str(uuid.uuid4())))
        return publish(self.publisher, claim, keep=keep)

    def whole(self, run_id: str, *, mark: int, as_of: date = DAY, rows: int = ROWS, keep: int = 7) -> Night:
        """Open, build, audit and publish."""
        night = self.open(run_id, as_of=as_of)
        self.build(night, mark=mark, rows=rows)
        self.audit(night)
        self.publish(night, keep=keep)
        return night

    def roll_back(self, gen: int) -> str:
        return rollback(self.publisher, gen)

    def live(self) -> tuple[int, list[int], int]:
        """Return what a reader sees now: the generation, the marks of all its rows, and how many rows there are."""
        with self.reader.transaction():
            row = self.reader.execute(
                "select coalesce((select gen from bi.data_version), 0), coalesce(array_agg(distinct mark), '{}'),"
                f" count(*) from {_every_row('mark', 'bi')}".encode()
            ).fetchone()
        gen, marks, count = one(row)
        return gen, marks, count

    def published_rows(self) -> dict[int, int]:
        """Return how many rows schema pub holds of each generation."""
        with self.admin.transaction():
            query = f"select gen, count(*) from {_every_row('gen', 'pub')} group by gen"
            return dict(self.admin.execute(query.encode()).fetchall())

    def state(self, night: Night) -> str:
        with self.admin.transaction():
            row = self.admin.execute("select state from ops.runs where gen = %s", (night.gen,)).fetchone()
        return str(one(row)[0])


@contextlib.contextmanager
def hand_of(warehouse: Warehouse, folder: Path) -> Iterator[Hand]:
    """Give a hand to a warehouse."""
    roles = (Role.PUBLISHER, Role.TRANSFORMER, Role.CHECKER, Role.READER)
    with contextlib.ExitStack() as stack:
        admin = stack.enter_context(warehouse.connect_admin())
        yield Hand(folder, admin, *(stack.enter_context(warehouse.connect(role)) for role in roles))


def open_night(warehouse: Warehouse, folder: Path, *, run_id: str = "night-1", as_of: date = DAY) -> Night:
    """Open a run as the command does."""
    return ledger.open_night(
        warehouse, run_id=run_id, as_of=as_of, timezone="Europe/Berlin", company_id="tiny", runs_folder=folder
    )


def held(claim: Claim, connection: psycopg.Connection) -> bool:
    """Say whether a claim may still write."""
    try:
        with connection.transaction():
            claim.assert_held(connection)
    except FencedError:
        return False
    return True


def one(row: tuple[Any, ...] | None) -> tuple[Any, ...]:
    """Return a row that must be there."""
    if row is None:
        raise LookupError("no row")
    return row
