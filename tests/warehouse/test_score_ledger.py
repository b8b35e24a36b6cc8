"""The ledger of churn scores: what was published is in it, for ever, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest

from tests.warehouse.nights import DAY, MARTS, Hand, hand_of, one
from warehouse.database import Role, Warehouse
from warehouse.night import Night
from warehouse.published_tables import declared_marts, ensure_published_tables

SCORES = next(mart for mart in declared_marts() if mart.name == "fct_churn_scores")
ACTIONS = next(mart for mart in declared_marts() if mart.name == "fct_account_next_actions")
TABLES = ("ops.score_ledger", "ops.score_publications")


@pytest.fixture
def hand(core: Warehouse, tmp_path: Path) -> Iterator[Hand]:
    """A hand whose nights have scores besides."""
    with core.connect_admin() as connection:
        ensure_published_tables(connection, (*MARTS, SCORES))
    with hand_of(core, tmp_path) as hand:
        yield hand


def _scores(day: date, risks: dict[str, float], *, model: str = "churn-1") -> str:
    """Return SQL that builds scores; every column of the contract says something of its own."""
    columns = ", ".join(f"{name} {kind}" for name, kind in SCORES.columns)
    told = {"model_id": f"'{model}'", "as_of_date": f"'{day}'"}
    rows = []
    for account, risk in risks.items():
        values = {"account_id": f"'{account}'", "churn_probability": str(risk), **told}
        cells = [
            values.get(name, f"'{name}'" if kind == "text" else str(place))
            for place, (name, kind) in enumerate(SCORES.columns)
        ]
        rows.append(f"({', '.join(cells)})")
    return f"create table fct_churn_scores ({columns}); insert into fct_churn_scores values {', '.join(rows)}"


def _audited(hand: Hand, run_id: str, day: date, risks: dict[str, float], **said: str) -> Night:
    night = hand.open(run_id, as_of=day)
    hand.build(night, mark=1, also=_scores(day, risks, **said))
    hand.audit(night)
    return night


def _ledger(hand: Hand) -> list[tuple[int, int, str, float]]:
    with hand.admin.transaction():
        query = "select gen, attempt, account_id, churn_probability from ops.score_ledger order by 1, 2, 3"
        return hand.admin.execute(query).fetchall()


def _history(hand: Hand) -> list[tuple[date, str, str, float]]:
    with hand.reader.transaction():
        query = (
            "select as_of_date, account_id, model_id, churn_probability from bi.fct_churn_score_history order by 1, 2"
        )
        return hand.reader.execute(query).fetchall()


def test_a_publication_enters_all_that_it_said_of_each_account(hand: Hand) -> None:
    night = _audited(hand, "one", DAY, {"a": 0.25, "b": 0.5})
    assert _ledger(hand) == []
    hand.publish(night)
    assert _ledger(hand) == [(night.gen, 1, "a", 0.25), (night.gen, 1, "b", 0.5)]
    columns = ", ".join(name for name, _ in SCORES.columns)
    with hand.admin.transaction():
        kept = hand.admin.execute(f"select {columns} from ops.score_ledger order by account_id".encode()).fetchall()
        live = hand.admin.execute(f"select {columns} from bi.fct_churn_scores order by account_id".encode()).fetchall()
        told = hand.admin.execute(
            f"select {columns} from bi.fct_churn_score_history order by account_id".encode()
        ).fetchall()
    assert kept == live == told
    assert all(cell is not None for row in kept for cell in row)


def test_what_managers_were_told_to_do_is_kept_with_the_score(hand: Hand) -> None:
    hand.publish(_audited(hand, "before there were actions", DAY, {"a": 0.25}))
    with hand.admin.transaction():
        ensure_published_tables(hand.admin, (*MARTS, SCORES, ACTIONS))
    day = DAY + timedelta(days=1)
    night = hand.open("one", as_of=day)
    columns = ", ".join(f"{name} {kind}" for name, kind in ACTIONS.columns)
    told = "insert into fct_account_next_actions (account_id, play_code, as_of_date)"
    told += " values ('a', 'call', '{0}'), ('c', 'visit', '{0}')"
    actions = f"create table fct_account_next_actions ({columns}); {told.format(day)}"
    hand.build(night, mark=1, also=f"{_scores(day, {'a': 0.5, 'b': 0.5})}; {actions}")
    hand.audit(night)
    hand.publish(night)
    with hand.reader.transaction():
        query = "select as_of_date, account_id, play_code from bi.fct_churn_score_history order by 1, 2"
        kept = hand.reader.execute(query).fetchall()
    assert kept == [(DAY, "a", None), (day, "a", "call"), (day, "b", None)]


def test_a_publication_that_is_taken_back_leaves_nothing(hand: Hand) -> None:
    night = _audited(hand, "one", DAY, {"a": 0.25})
    with hand.publisher.transaction():
        hand.publisher.execute("select ops.publish(%s, %s)", (night.gen, night.fence))
        raise psycopg.Rollback
    assert _ledger(hand) == []
    hand.publish(night)
    hand.publish(night)  # a repeat of what has succeeded
    assert _ledger(hand) == [(night.gen, 1, "a", 0.25)]


def test_a_day_that_is_published_again_keeps_both_and_readers_see_the_newest(hand: Hand) -> None:
    first = _audited(hand, "one", DAY, {"a": 0.25, "gone": 0.5})
    hand.publish(first)
    hand.publish(_audited(hand, "one", DAY, {"a": 0.75}))
    again = _audited(hand, "another run", DAY, {"a": 0.125}, model="churn-2")
    hand.publish(again)
    tomorrow = DAY + timedelta(days=1)
    hand.publish(_audited(hand, "two", tomorrow, {"a": 0.375}))
    assert _ledger(hand) == [
        (first.gen, 1, "a", 0.25),
        (first.gen, 1, "gone", 0.5),
        (first.gen, 2, "a", 0.75),
        (again.gen, 1, "a", 0.125),
        (again.gen + 1, 1, "a", 0.375),
    ]
    assert _history(hand) == [(DAY, "a", "churn-2", 0.125), (tomorrow, "a", "churn-1", 0.375)]


def test_neither_a_rollback_nor_forgetting_a_generation_takes_anything_away(hand: Hand) -> None:
    days = [DAY + timedelta(days=number) for number in range(3)]
    for number, day in enumerate(days):
        night = _audited(hand, f"n{number}", day, {"a": number / 8})
        hand.publish(night, keep=2)
    hand.roll_back(night.gen - 1)
    assert sorted(hand.published_rows()) == [night.gen - 1, night.gen], "the first one is forgotten"
    assert _history(hand) == [(day, "a", "churn-1", number / 8) for number, day in enumerate(days)]


def test_a_past_day_that_is_built_anew_does_not_enter(hand: Hand) -> None:
    hand.publish(_audited(hand, "one", DAY, {"a": 0.25}))
    row = hand.publisher.execute("select * from ops.open_backfill('anew', %s, 'UTC')", (DAY,)).fetchone()
    hand.publisher.commit()
    gen, attempt, fence = one(row)
    night = Night(gen, "anew", attempt, str(fence), DAY, "tiny", "UTC", None, hand.folder)
    hand.build(night, mark=1, also=_scores(DAY, {"a": 0.875}))
    hand.audit(night)
    with hand.publisher.transaction():
        hand.publisher.execute("select ops.end_backfill(%s, %s, true, '')", (gen, fence))
    hand.roll_back(gen)
    assert hand.live()[0] == gen
    assert _history(hand) == [(DAY, "a", "churn-1", 0.25)]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "change", ["update {} set gen = gen", "delete from {}", "delete from {} where false", "truncate {} cascade"]
)
def test_not_even_the_owner_or_the_administrator_can_change_what_was_published(
    hand: Hand, table: str, change: str
) -> None:
    night = _audited(hand, "one", DAY, {"a": 0.25})
    hand.publish(night)
    with hand.admin.transaction(force_rollback=True):
        hand.admin.execute("grant all on ops.score_ledger, ops.score_publications to guanxi_owner")
        for role in ("guanxi_owner", "none"):
            hand.admin.execute(f"set local role {role}".encode())
            with (
                pytest.raises(psycopg.errors.RaiseException, match="its rows are never changed or deleted"),
                hand.admin.transaction(),
            ):
                hand.admin.execute(change.format(table).encode())
    assert _ledger(hand) == [(night.gen, 1, "a", 0.25)]


@pytest.mark.parametrize("role", list(Role))
def test_no_role_can_write_to_the_ledger_itself(core: Warehouse, role: Role) -> None:
    with core.connect(role) as connection:
        connection.execute("set default_transaction_read_only = off")
        connection.commit()
        for table in TABLES:
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(f"insert into {table} select * from {table}".encode())
