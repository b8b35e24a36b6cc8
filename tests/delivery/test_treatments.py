"""Treatments: who stood on a list that was really mailed, counted a second time over nights by chance."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from psycopg.rows import dict_row

from delivery.list_feedback import build_list_feedback
from delivery.treatments import build_treatments
from tests.delivery.conftest import AS_OF, Publisher
from tests.delivery.listing import SCHEMA, Build, a_build
from warehouse.company import Company
from warehouse.database import Role, Warehouse
from warehouse.ledger import stage
from warehouse.night import FencedError, Night


@pytest.fixture
def build(warehouse: Warehouse, night: Night, test_company: Company) -> Iterator[Build]:
    with a_build(warehouse, night, test_company.model_copy(update={"holdouts": ("save",)})) as build:
        yield build


def let_be_drawn(build: Build, days: Mapping[str, date]) -> None:
    with build.warehouse.connect_admin() as connection:
        for name, day in days.items():
            connection.execute(
                "update build_test.fct_programme_assignments set assigned_date = %s where account_id = %s", (day, name)
            )


def treatments(build: Build) -> dict[str, dict[str, Any]]:
    with build.warehouse.connect(Role.SCORER) as scorer:
        written = build_treatments(scorer, claim=build.claim, schema=SCHEMA, as_of=AS_OF)
    with build.warehouse.connect_admin() as connection, connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute("select * from build_test.fct_treatments").fetchall()
    assert len(rows) == written
    return {row["treatment_key"]: row for row in rows}


def test_only_lists_that_were_sent_since_the_account_was_drawn_count(build: Build, publisher: Publisher) -> None:
    draw = random.Random(4)
    names = [f"a{number}" for number in range(12)]
    for name in names:
        build.add_account(name, "ann", 1, abc_class="B")
    build.assign()
    drawn_on = {name: AS_OF - timedelta(days=draw.randint(0, 15)) for name in names}
    let_be_drawn(build, drawn_on)
    publisher.gen = 100
    expected: dict[str, list[date]] = defaultdict(list)
    for age in range(20, -1, -1):
        day = AS_OF - timedelta(days=age)
        lists = {
            "ann": draw.sample(names[:8], draw.randint(1, 6)), "bob": draw.sample(names[8:], draw.randint(1, 3)),
        }  # fmt: skip
        gen = publisher.publish([{"id": "ann"}, {"id": "bob"}], lists, as_of=day)
        for manager, accounts in lists.items():
            state = draw.choice(["sent", "sent", "unknown", "failed", "pending"])
            publisher.connection.execute(
                "update ops.outbox set state = %s where gen = %s and account_manager_id = %s", (state, gen, manager)
            )
            for name in accounts:
                if state == "sent" and drawn_on[name] <= day < AS_OF:
                    expected[name].append(day)
        publisher.connection.commit()
    assert len(expected) > 4
    arms = {account_id: row["arm"] for (_, account_id), row in build.assigned().items()}
    assert {
        key: (row["arm"], row["first_mailed_date"], row["last_mailed_date"], row["mailed_days_count"])
        for key, row in treatments(build).items()
    } == {f"save|{name}": (arms[name], min(days), max(days), len(days)) for name, days in expected.items()}


def test_a_mail_about_reviews_treats_nobody(build: Build, publisher: Publisher) -> None:
    build.add_account("a", "ann", 1)
    build.assign()
    publisher.gen = 100
    gen = publisher.publish([{"id": "ann"}], {"ann": ["a"]}, as_of=AS_OF - timedelta(days=1))
    publisher.connection.execute("update ops.outbox set kind = 'reviews' where gen = %s", (gen,))
    publisher.connection.execute("update ops.outbox set state = 'sent' where gen = %s", (gen,))
    publisher.connection.commit()
    let_be_drawn(build, {"a": date(2026, 1, 1)})
    assert treatments(build) == {}


def test_a_day_is_counted_once_though_a_list_of_it_was_sent_twice(build: Build, publisher: Publisher) -> None:
    build.add_account("a", "ann", 1)
    build.assign()
    let_be_drawn(build, {"a": date(2026, 1, 1)})
    publisher.gen = 100
    for _ in range(2):
        gen = publisher.publish([{"id": "ann"}], {"ann": ["a"]}, as_of=AS_OF - timedelta(days=1))
        publisher.connection.execute("update ops.outbox set state = 'sent' where gen = %s", (gen,))
        publisher.connection.commit()
    (row,) = treatments(build).values()
    assert row["mailed_days_count"] == 1


def test_an_older_attempt_writes_nothing(build: Build, warehouse: Warehouse, night: Night) -> None:
    build.add_account("a", "ann", 1)
    build.assign()
    with stage(warehouse, night, "score"), pytest.raises(FencedError):
        treatments(build)


def test_what_managers_answered_since_the_account_was_drawn_is_told(build: Build, publisher: Publisher) -> None:
    for name in ("a", "b", "c"):
        build.add_account(name, "ann", 1)
    build.assign()
    let_be_drawn(build, {"a": date(2026, 3, 10), "b": date(2026, 3, 10), "c": date(2026, 3, 29)})
    publisher.gen = 100
    gen = publisher.publish([{"id": "ann"}], {"ann": ["a", "b", "c"]}, as_of=AS_OF - timedelta(days=1))
    publisher.connection.execute("update ops.outbox set state = 'sent' where gen = %s", (gen,))
    publisher.connection.execute(
        "insert into ops.feedback_documents (reference, channel, told_at, as_of, taken_count, refused_count,"
        " return_state, taken_at) values ('d', 'mail', now(), now(), 0, 0, 'none', now())"
    )
    answers = [
        ("a", "called", "2026-03-09 12:00+02", "2026-03-09"),  # before it was drawn
        ("a", "called", "2026-03-11 23:30+02", "2026-03-11"),  # 22:30 in Berlin, of the 11th
        ("a", "called", "2026-03-11 12:00+02", "2026-03-11"),
        ("a", "called", "2026-03-20 12:00+02", "2026-03-19"),
        ("a", "lost", "2026-03-21 12:00+02", "2026-03-20"),
        ("b", "lost", "2026-03-21 12:00+02", "2026-03-20"),
        ("b", "called", "2026-03-31 12:00+02", "2026-03-31"),  # an answer to the list of the night's own day
        ("c", "called", "2026-03-21 12:00+02", "2026-03-20"),
    ]
    for place, (account, outcome, told_at, as_of) in enumerate(answers):
        publisher.connection.execute(
            "insert into ops.feedback (reference, place, row_code, account_id, account_manager_id, told_at, as_of,"
            " channel, outcome_code) values ('d', %s, 'GX-', %s, 'ann', %s, %s, 'mail', %s)",
            (place, account, told_at, as_of, outcome),
        )
    publisher.connection.commit()
    names = ("first_treated_date", "last_treated_date", "treated_days_count", "last_outcome_code", "last_outcome_date")
    assert {key: tuple(row[name] for name in names) for key, row in treatments(build).items()} == {
        "save|a": (date(2026, 3, 11), date(2026, 3, 20), 2, "lost", date(2026, 3, 21)),
        "save|b": (None, None, 0, "lost", date(2026, 3, 21)),
        "save|c": (None, None, 0, None, None),
    }


def test_the_table_of_answers_has_each_of_the_days_before_and_no_note(build: Build, publisher: Publisher) -> None:
    build.add_account("a", "ann", 1)
    build.add_account("old", "ann", None, is_scored=False, merged_into="a")
    publisher.connection.execute(
        "insert into ops.feedback_documents (reference, channel, told_at, as_of, taken_count, refused_count,"
        " return_state, taken_at) values ('d', 'sheet', now(), now(), 0, 0, 'none', now())"
    )
    for place, (account, outcome, day) in enumerate(
        [("a", "called", 20), ("a", "lost", 21), ("old", "called", 22), ("gone", "called", 22), ("a", "called", 31)]
    ):
        publisher.connection.execute(
            "insert into ops.feedback (reference, place, row_code, account_id, account_manager_id, told_at, as_of,"
            " channel, outcome_code, note) values ('d', %s, 'GX-', %s, 'ann', %s, %s, 'sheet', %s, 'Mr Wang')",
            (place, account, f"2026-03-{day} 23:30+00", date(2026, 3, day), outcome),
        )
    publisher.connection.commit()
    build.connection.commit()
    with build.warehouse.connect(Role.SCORER) as scorer:
        assert build_list_feedback(scorer, claim=build.claim, schema=SCHEMA, as_of=AS_OF) == 3
    with build.warehouse.connect_admin() as connection:
        rows = connection.execute(
            "select account_id, outcome_code, outcome_name_zh, is_treatment, is_closing, is_newest, told_date,"
            " list_date from build_test.fct_list_feedback order by list_date"
        ).fetchall()
        text = connection.execute("select string_agg(f::text, '') from build_test.fct_list_feedback f").fetchone()
    assert rows == [
        ("a", "called", "已联系", True, False, False, date(2026, 3, 21), date(2026, 3, 20)),
        ("a", "lost", "已流失", False, True, False, date(2026, 3, 22), date(2026, 3, 21)),
        ("a", "called", "已联系", True, False, True, date(2026, 3, 23), date(2026, 3, 22)),
    ]
    assert text is not None
    assert "Wang" not in text[0]
