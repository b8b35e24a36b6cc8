"""Publishing, refusing, repeating, rolling back and forgetting nights."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from tests.warehouse import nights
from tests.warehouse.nights import DAY, ROWS, Hand, one, rows_of
from warehouse.database import Role, Warehouse
from warehouse.errors import GateClosedError
from warehouse.night import FencedError
from warehouse.publication import BuildRefusedError, NotPublishableError, audit

ALL = ROWS * len(nights.MARTS)


def _checksums(connection: psycopg.Connection, gen: int) -> list[tuple[int, object]]:
    """Computed apart from the core's own function: over the text of every row that a reader could see."""
    with connection.transaction():
        return [
            one(
                connection.execute(
                    f"select count(*), md5(string_agg(t::text, ',' order by t::text)) from"
                    f" (select * from {rows_of(mart, 'pub')} where gen = %s) t".encode(),
                    (gen,),
                ).fetchone()
            )
            for mart in nights.MARTS
        ]


def test_only_a_published_night_decides_who_is_left_out_and_no_later_one_changes_it(hand: Hand) -> None:
    def draw(gen: int, arm: str) -> None:
        with hand.admin.transaction():
            hand.admin.execute("set local role guanxi_owner")
            hand.admin.execute(
                "create table if not exists pub.fct_programme_assignments (gen bigint, programme_code text,"
                " account_id text, arm text, stratum_code text, holdout_rate numeric, assigned_date date)"
            )
            hand.admin.execute(
                "insert into pub.fct_programme_assignments values (%s, 'save', 'A1', %s, 'high|B', 0.1, %s)",
                (gen, arm, DAY),
            )

    def kept() -> list[tuple[object, ...]]:
        with hand.admin.transaction():
            query = "select account_id, arm, assigned_date, gen from ops.programme_assignments"
            return hand.admin.execute(query).fetchall()

    first = hand.open("night-1")
    hand.build(first, mark=1)
    hand.audit(first)
    draw(first.gen, "holdout")
    assert kept() == []
    hand.publish(first)
    assert kept() == [("A1", "holdout", DAY, first.gen)]
    second = hand.open("night-2", as_of=DAY + timedelta(days=1))
    hand.build(second, mark=2)
    hand.audit(second)
    draw(second.gen, "treated")
    hand.publish(second)
    assert kept() == [("A1", "holdout", DAY, first.gen)]


def test_a_published_night_is_whole_and_tells_its_rows(hand: Hand) -> None:
    night = hand.open()
    hand.build(night, mark=7)
    assert hand.live() == (0, [], 0)
    assert hand.audit(night) == {mart.name: ROWS for mart in nights.MARTS}
    assert hand.live() == (0, [], 0)
    assert hand.publish(night) == {mart.name: ROWS for mart in nights.MARTS}
    assert hand.live() == (night.gen, [7], ALL)


def test_the_planner_knows_a_night_from_the_moment_it_is_live(core: Warehouse, hand: Hand) -> None:
    night = hand.whole("good", mark=1)
    with core.connect_admin() as connection:
        known = connection.execute(
            "select tablename, most_common_vals::text::int[] from pg_stats where schemaname = 'pub' and attname = 'gen'"
        ).fetchall()
        rows = connection.execute(
            "select relname, reltuples from pg_class where relnamespace = 'pub'::regnamespace and relkind = 'r'"
        ).fetchall()
    assert sorted(known) == sorted((mart.name, [night.gen]) for mart in nights.MARTS if mart.pieces_by is None)
    assert {name: count for name, count in rows if count > 0} == {mart.name: ROWS for mart in nights.MARTS}


def test_an_unaudited_night_is_refused(hand: Hand) -> None:
    hand.whole("good", mark=1)
    night = hand.open("next", as_of=DAY + timedelta(days=1))
    hand.build(night, mark=2)
    with pytest.raises(NotPublishableError, match="is building, not audited"):
        hand.publish(night)
    assert hand.live()[1] == [1]


def test_a_fenced_attempt_can_neither_audit_nor_publish(hand: Hand) -> None:
    hand.whole("good", mark=1)
    night = hand.open("next", as_of=DAY + timedelta(days=1))
    hand.build(night, mark=2)
    hand.audit(night)
    with pytest.raises(FencedError):
        hand.publish(night, other_fence=True)
    claim = hand.claim(night, "publish")
    hand.open("next", as_of=DAY + timedelta(days=1))
    assert not nights.held(claim, hand.publisher)
    with pytest.raises(psycopg.errors.SerializationFailure):
        hand.claim(night, "publish")
    assert hand.live()[1] == [1]


def test_a_day_before_the_live_one_is_refused_even_when_it_was_opened_in_time(hand: Hand) -> None:
    hand.whole("good", mark=1, as_of=DAY)
    night = hand.open("older", as_of=DAY)
    hand.build(night, mark=2)
    hand.audit(night)
    with hand.admin.transaction():
        hand.admin.execute("update ops.published set as_of = as_of + 1")
    with pytest.raises(NotPublishableError, match="a newer day is live"):
        hand.publish(night)
    assert hand.live()[1] == [1]


@pytest.mark.parametrize(
    ("also", "without", "said"),
    [
        ("alter table dim_accounts add column surprise text", None, "differ in: surprise"),
        ("alter table dim_accounts drop column mark", None, "differ in: mark"),
        ("", "dim_accounts", "mart dim_accounts was not built"),
        (
            "alter table fct_account_rfm alter column net_revenue_amount type double precision",
            None,
            "net_revenue_amount (declared numeric, built double precision)",
        ),
    ],
    ids=["an undeclared column", "a missing column", "a missing mart", "another type"],
)
def test_a_build_that_differs_from_its_contract_is_refused_at_the_audit(
    hand: Hand, also: str, without: str | None, said: str
) -> None:
    hand.whole("good", mark=1)
    night = hand.open("next", as_of=DAY + timedelta(days=1))
    hand.build(night, mark=2, also=also, without=without)
    with pytest.raises(BuildRefusedError) as refused:
        hand.audit(night)
    assert said in refused.value.seen
    assert isinstance(refused.value, GateClosedError)
    with pytest.raises(NotPublishableError):
        hand.publish(night)
    assert hand.live()[1] == [1]


def test_a_night_without_a_transform_is_refused_at_the_audit(hand: Hand) -> None:
    with pytest.raises(BuildRefusedError, match="has not been transformed"):
        hand.audit(hand.open())


@pytest.mark.parametrize(
    "change",
    [
        "update {}.fct_account_rfm set net_revenue_amount = net_revenue_amount + 1 where account_id = 'C7'",
        "delete from {}.dim_accounts where account_id = 'C7'",
        "insert into {0}.dim_accounts select * from {0}.dim_accounts where account_id = 'C7'",
        "update {}.fct_order_lines set mark = 3 where account_id = 'C7'",
        "delete from {}.fct_order_lines where order_date is null",
    ],
    ids=["one value", "one row less", "one row twice", "one value of a piece", "a whole piece"],
)
def test_what_changed_after_its_audit_is_refused(hand: Hand, change: str) -> None:
    hand.whole("good", mark=1)
    night = hand.open("next", as_of=DAY + timedelta(days=1))
    schema = hand.build(night, mark=2)
    hand.audit(night)
    with hand.transformer.transaction():
        hand.transformer.execute(change.format(schema).encode())
    with pytest.raises(NotPublishableError, match="changed after its audit"):
        hand.publish(night)
    assert hand.live() == (1, [1], ALL)
    assert night.gen not in hand.published_rows()


def test_a_repeat_of_a_publication_that_succeeded_is_harmless(hand: Hand) -> None:
    night = hand.whole("night", mark=1)
    before = _checksums(hand.admin, night.gen)
    assert hand.publish(night) == {mart.name: ROWS for mart in nights.MARTS}
    assert hand.live() == (night.gen, [1], ALL)
    assert _checksums(hand.admin, night.gen) == before


def test_a_late_repeat_does_not_claim_to_be_live(hand: Hand) -> None:
    old = hand.whole("old", mark=1)
    new = hand.whole("new", mark=2, as_of=DAY + timedelta(days=1))
    with pytest.raises(NotPublishableError, match="another one is live since"):
        hand.publish(old)
    hand.roll_back(old.gen)
    with pytest.raises(NotPublishableError):
        hand.publish(new)
    assert hand.live()[1] == [1]


def test_two_publications_at_once_never_run_beside_each_other(core: Warehouse, hand: Hand) -> None:
    night = hand.open()
    hand.build(night, mark=1)
    hand.audit(night)
    with core.connect(Role.PUBLISHER) as other:
        other.execute("select pg_advisory_xact_lock(hashtextextended('guanxi.publish', 0))")
        with pytest.raises(NotPublishableError, match="another publication is running"):
            hand.publish(night)
    assert hand.publish(night)


def test_a_rollback_is_one_call_and_shows_exactly_what_was_shown_before(core: Warehouse, hand: Hand) -> None:
    first = hand.whole("first", mark=1, rows=150)
    shown = _checksums(hand.admin, first.gen)
    with core.connect(Role.READER) as reader:
        told = reader.execute("select * from bi.mart_checksums order by 1").fetchall()
    second = hand.whole("second", mark=2, as_of=DAY + timedelta(days=1))
    assert hand.live() == (second.gen, [2], ALL)
    assert hand.roll_back(first.gen) == f"live generation is now {first.gen}, as of {DAY}"
    assert hand.live() == (first.gen, [1], 150 * len(nights.MARTS))
    assert _checksums(hand.admin, first.gen) == shown
    with core.connect(Role.READER) as reader:
        assert reader.execute("select * from bi.mart_checksums order by 1").fetchall() == told
    hand.roll_back(second.gen)
    assert hand.live() == (second.gen, [2], ALL)


def test_a_rollback_to_what_is_not_there_names_what_is(hand: Hand) -> None:
    hand.whole("first", mark=1)
    building = hand.open("second", as_of=DAY + timedelta(days=1))
    for gen in (building.gen, 99):
        with pytest.raises(NotPublishableError) as refused:
            hand.roll_back(gen)
        assert "one of: 1" in refused.value.expected
    assert hand.live()[0] == 1


def test_pruning_keeps_the_newest_and_the_live_one_even_if_it_is_old(hand: Hand) -> None:
    for number in range(1, 5):
        hand.whole(f"n{number}", mark=number, as_of=DAY + timedelta(days=number), keep=400)
    hand.roll_back(1)
    with hand.publisher.transaction():
        row = hand.publisher.execute("select ops.prune(3)").fetchone()
    assert one(row) == (1,)
    assert hand.published_rows() == {1: ALL, 3: ALL, 4: ALL}
    assert hand.live() == (1, [1], ALL)
    with pytest.raises(NotPublishableError, match="no longer kept"):
        hand.roll_back(2)
    hand.whole("n5", mark=5, as_of=DAY + timedelta(days=5), keep=2)
    assert sorted(hand.published_rows()) == [4, 5]


def test_a_further_attempt_of_a_published_run_replaces_its_rows_without_doubles(hand: Hand) -> None:
    first = hand.whole("night", mark=1)
    again = hand.open("night")
    assert (again.gen, again.attempt) == (first.gen, 2)
    hand.build(again, mark=2, rows=120)
    hand.audit(again)
    assert hand.live() == (first.gen, [1], ALL), "the first attempt stays live until the second one is published"
    hand.publish(again)
    assert hand.live() == (first.gen, [2], 120 * len(nights.MARTS))
    assert hand.published_rows() == {first.gen: 120 * len(nights.MARTS)}


def test_a_further_attempt_that_fails_leaves_the_first_one_to_roll_back_to_and_to_forget(hand: Hand) -> None:
    first = hand.whole("first", mark=1)
    again = hand.open("first")
    hand.build(again, mark=2, also="alter table dim_accounts add column surprise text")
    with pytest.raises(BuildRefusedError):
        hand.audit(again)
    with hand.checker.transaction():
        hand.checker.execute("select ops.reject_run(%s, %s, 'a gate')", (again.gen, again.fence))
    assert hand.live() == (first.gen, [1], ALL)
    hand.whole("second", mark=3, as_of=DAY + timedelta(days=1))
    hand.roll_back(first.gen)
    assert hand.live() == (first.gen, [1], ALL)
    hand.roll_back(2)
    hand.whole("third", mark=4, as_of=DAY + timedelta(days=2), keep=2)
    assert sorted(hand.published_rows()) == [2, 3], "nothing of a forgotten generation stays behind"


def test_a_night_that_a_gate_held_cannot_be_pushed_on_stage_by_stage(hand: Hand) -> None:
    hand.whole("good", mark=1)
    night = hand.open("held", as_of=DAY + timedelta(days=1))
    hand.build(night, mark=2)
    early = hand.claim(night, "check_scores")
    with hand.checker.transaction():
        hand.checker.execute("select ops.reject_run(%s, %s, 'check raw')", (night.gen, night.fence))
    with pytest.raises(psycopg.DatabaseError, match="check raw") as refused:
        hand.claim(night, "check_scores")
    assert refused.value.sqlstate == "GX002"
    with pytest.raises(BuildRefusedError, match="is rejected"):
        audit(hand.checker, early)
    assert hand.live()[1] == [1]
