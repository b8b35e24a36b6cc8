"""The stage in a real warehouse: what is read once, what is read again, and what a past day knew."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from needs.policy import NeedPolicy
from needs.read import ReadingReport, read_new_texts
from tests.warehouse.nights import open_night
from warehouse import ledger
from warehouse.database import Role, Warehouse
from warehouse.night import FencedError

FIRST, SECOND, THIRD = (date(2026, 4, day) for day in (1, 2, 3))
POLICY = NeedPolicy({"delivery": ("delivery", "交货"), "price": ("price", "便宜")}, (), 0.8, "one")

Run = Callable[..., ReadingReport]


@pytest.fixture
def admin(warehouse: Warehouse) -> Any:
    with warehouse.connect_admin() as connection:
        connection.autocommit = True
        yield connection


@pytest.fixture
def run(warehouse: Warehouse, tmp_path: Path) -> Run:
    def run_night(day: date, policy: NeedPolicy = POLICY) -> ReadingReport:
        night = open_night(warehouse, tmp_path, run_id=f"night-{day}", as_of=day)
        with ledger.stage(warehouse, night, "match") as claim:
            return read_new_texts(warehouse, claim, progress=lambda _: None, policy=policy)

    return run_night


def _known(admin: psycopg.Connection, entity: str, record: str, day: date, **facts: Any) -> None:
    """Let a version of a record be known on a day."""
    names, places = ", ".join(facts), ", ".join(["%s"] * len(facts))
    admin.execute(
        f"insert into raw.{entity} (source, record_id, content_hash, known_at, gen, {names})"
        f" values ('crm', %s, md5(random()::text), %s::timestamp + interval '12 hours', 1, {places})".encode(),
        (record, day, *facts.values()),
    )


def _kept(admin: psycopg.Connection) -> tuple[list[Any], ...]:
    return tuple(
        admin.execute(f"select * from ops.{table} order by 1, 2".encode()).fetchall()
        for table in ("read_texts", "text_themes", "text_names")
    )


def _themes(admin: psycopg.Connection, words: str) -> list[str]:
    query = "select theme_code from ops.text_themes where text_digest = md5(%s) order by 1"
    return [theme for (theme,) in admin.execute(query, (words,))]


def test_every_text_is_read_once_whoever_wrote_it_and_however_often(admin: Any, run: Run) -> None:
    ticket = {
        "ticket_id": "1",
        "opened_at": FIRST,
        "subject": "Help",
        "description": "Late delivery",
        "category": "价格",
    }
    _known(admin, "tickets", "1", FIRST, **ticket)
    _known(admin, "tickets", "1", SECOND, **ticket | {"status": "closed"})
    _known(admin, "survey_responses", "1", SECOND, survey_response_id="1", kind="nps", score=3, comment="别家便宜")
    _known(admin, "interactions", "1", SECOND, interaction_id="1", kind="call", note="别家便宜")
    _known(admin, "churn_reasons", "1", THIRD, churn_reason_id="1", account_id="a", comment="Nothing to say")
    assert run(FIRST) == ReadingReport(texts=2, with_theme=1, with_name=0)
    assert run(SECOND) == ReadingReport(texts=1, with_theme=1, with_name=0)
    assert run(THIRD) == ReadingReport(texts=1, with_theme=0, with_name=0)
    assert _themes(admin, "Help\nLate delivery") == ["delivery"]
    assert _themes(admin, "别家便宜") == ["price"]
    before = _kept(admin)
    assert run(THIRD) == run(FIRST) == ReadingReport(texts=0, with_theme=0, with_name=0)
    assert _kept(admin) == before


def test_another_policy_reads_what_the_day_knows_again(admin: Any, run: Run) -> None:
    _known(admin, "interactions", "1", FIRST, interaction_id="1", kind="call", note="The price")
    _known(admin, "interactions", "2", SECOND, interaction_id="2", kind="call", note="The delivery")
    run(SECOND)
    other = dataclasses.replace(POLICY, phrases={"cost": ("price",)}, version="two")
    assert run(FIRST, other).texts == 1
    assert (_themes(admin, "The price"), _themes(admin, "The delivery")) == (["cost"], ["delivery"])
    assert run(SECOND, other).texts == 1
    assert _themes(admin, "The delivery") == []


def test_nights_one_by_one_keep_what_one_night_for_all_would(
    admin: Any, run: Run, other_warehouse: Warehouse, tmp_path: Path
) -> None:
    with other_warehouse.connect_admin() as other:
        other.autocommit = True
        for connection in (admin, other):
            _known(
                connection, "interactions", "1", FIRST, interaction_id="1", kind="call", note="The pump and the valve"
            )
            _known(connection, "products", "1", FIRST, product_id="1", product_name="Pump", category="Pumps")
            _known(connection, "interactions", "2", SECOND, interaction_id="2", kind="call", note="A pump")
            _known(connection, "products", "2", THIRD, product_id="2", product_name="Valve", category="Pumps")
        assert [run(day).with_name for day in (FIRST, SECOND, THIRD)] == [1, 1, 1]
        night = open_night(other_warehouse, tmp_path / "other", run_id="all", as_of=THIRD)
        with ledger.stage(other_warehouse, night, "match") as claim:
            read_new_texts(other_warehouse, claim, progress=lambda _: None, policy=POLICY)
        assert _kept(admin) == _kept(other)
        assert {name for _, name in _kept(admin)[2]} == {"Pump", "Valve"}


def test_what_is_kept_holds_no_word_of_a_person(admin: Any, run: Run) -> None:
    _known(admin, "interactions", "1", FIRST, interaction_id="1", kind="call", note="Ms Zhou says the price is high")
    run(FIRST)
    assert "Zhou" not in repr(_kept(admin))
    assert ["The", "price"][1] in repr(_kept(admin))


def test_a_night_that_was_overtaken_writes_nothing(admin: Any, warehouse: Warehouse, tmp_path: Path) -> None:
    _known(admin, "interactions", "1", FIRST, interaction_id="1", kind="call", note="The price")
    old = open_night(warehouse, tmp_path, run_id="night", as_of=FIRST)

    def read_overtaken() -> None:
        with ledger.stage(warehouse, old, "match") as claim:
            open_night(warehouse, tmp_path, run_id="night", as_of=FIRST)
            read_new_texts(warehouse, claim, progress=lambda _: None, policy=POLICY)

    with pytest.raises(FencedError):
        read_overtaken()
    assert _kept(admin) == ([], [], [])


def test_the_room_may_not_write_elsewhere(warehouse: Warehouse) -> None:
    with warehouse.connect(Role.MATCHER) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("delete from raw.interactions")
