"""What a night takes over from the live one is what it would have measured itself, whatever came in between."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.marts import chance_health, chance_value
from tests.marts.building import NO_UNIT_TESTS, build, insert_row, load_raw
from warehouse.carrying import Carried, carried_variables, tell_carried
from warehouse.database import Role, Warehouse

pytestmark = pytest.mark.slow

FIRST, SECOND, THIRD = date(2025, 6, 30), date(2025, 7, 1), date(2025, 7, 2)
MARTS = (
    "fct_account_lifecycle_months", "fct_account_lifecycle_spells", "fct_stage_transitions", "fct_segment_months",
    "fct_account_segments", "fct_churn_features", "fct_churn_labels", "fct_account_abc", "fct_account_rfm",
    "fct_account_category_months", "int_account_states_dated", "fct_value_labels", "fct_value_features",
)  # fmt: skip
ALWAYS_BUILT = ("int_relationship_days_held",)  # what a night tells of it
PAST = (
    "int_account_stages_decided", "int_account_states_dated", "int_account_segments_listed",
    "int_churn_features_measured",
    "stg_raw__orders", "stg_raw__order_lines", "int_order_lines_versioned", "int_account_days_known",
)  # fmt: skip
BEFORE_MONTH_END, MONTH_END = date(2025, 6, 29), date(2025, 6, 30)
RELATIONSHIPS = (
    "fct_account_relationship_days", "fct_account_relationships", "fct_account_relationship_moves",
    "fct_contact_relationship_moves", "fct_contact_relationships", "fct_account_key_relationships",
    "fct_account_general_relationships", "fct_account_organisation_relationships", "fct_organisation_gates",
    "fct_relationship_review_queue", "fct_account_health",
)  # fmt: skip
OF_NIGHTS = ("fct_churn_features", "fct_account_category_months", *ALWAYS_BUILT)


@pytest.fixture
def company(warehouse: Warehouse) -> Warehouse:
    """A company by chance, with news of three days: late orders, corrections, and changes of what is long past."""
    chance = chance_value.company(random.Random(20250702), as_of=THIRD, count=60)
    never_ordered, ordered = "V058", chance.tables["orders"][0]["account_id"]
    customers = [row["account_id"] for row in chance.tables["orders"] if row["known_at"] < _noon(date(2025, 5, 1))]
    joins_house = next(each for each in reversed(customers) if each not in (ordered, "V059"))
    chance.tables["accounts"] += [
        # heard of in May by the CRM, read by us in July
        {"account_id": "late", "industry": "water", "created_at": _noon(date(2025, 5, 15)), "known_at": _noon(SECOND)},
        {"account_id": never_ordered, "industry": "chemistry", "region": "east", "known_at": _noon(SECOND)},
        {"account_id": joins_house, "industry": "water", "is_internal": True, "known_at": _noon(THIRD)},
    ]
    chance.tables["contracts"] = [
        {"contract_id": "c1", "account_id": ordered, "start_date": date(2025, 3, 1), "end_date": date(2026, 2, 28),
         "known_at": _noon(SECOND)}
    ]  # fmt: skip
    chance.tables["products"].append({"product_id": "p2", "category": "hoses", "known_at": _noon(THIRD)})
    with warehouse.connect_admin() as connection:
        for entity, rows in chance.tables.items():
            load_raw(connection, entity, chance_value.row_key(entity), rows, known_at="2022-09-01 00:00+00")
    return warehouse


def test_what_is_taken_over_is_what_would_have_been_measured(company: Warehouse, tmp_path: Path) -> None:
    _build(company, tmp_path, "first", FIRST)
    told = _build(company, tmp_path, "second", SECOND, carried=("first", FIRST))
    _build(company, tmp_path, "second_in_full", SECOND)
    past = _one(company, "select count(*) from first.int_snapshot_dates_listed where not is_current")
    assert past[0] > 30
    assert _taken_over(company, "second") == (*past, 12)
    assert "sales" not in told
    assert _one(company, "select count(*) from second.int_restatements_found where is_of_presence") == (1,)
    assert _one(company, "select count(*) from second.int_account_stages_decided where account_id = 'late'") == (3,)
    _assert_same(company, "second", "second_in_full", {*MARTS, *PAST})

    # a customer turns out to be our own, and a product is filed elsewhere: their past reads otherwise for everybody
    told = _build(company, tmp_path, "third", THIRD, carried=("second", SECOND))
    _build(company, tmp_path, "third_in_full", THIRD)
    snapshots, months = _taken_over(company, "third")
    assert snapshots == 0
    assert months < 6
    assert "accounts with sales whose past reads otherwise now: 1, V" in told
    _assert_same(company, "third", "third_in_full", {*MARTS, *PAST})


@pytest.fixture
def people(warehouse: Warehouse) -> Warehouse:
    """Customers by chance with news of three days; P moves to another customer, of Q less is claimed, R talked late."""
    records = chance_health.company(random.Random(20250630), as_of=THIRD, accounts=25)
    contacts = sorted({row["contact_id"] for row in records["contacts"]})
    moves, claimed, late = contacts[5], contacts[12], contacts[20]
    newest = {row["contact_id"]: row for row in sorted(records["contacts"], key=lambda row: row["known_at"])}
    meeting: dict[str, Any] = {
        "source": "crm", "gen": 1, "record_id": "late", "interaction_id": "late", "kind": "meeting",
        "direction": "mutual", "status": "done", "account_id": newest[late]["account_id"], "contact_id": late,
        "evidence": "spoke_for_us", "happened_at": _noon(date(2025, 6, 10)), "known_at": _noon(SECOND),
    }  # fmt: skip
    records["interactions"].append(meeting)
    records["contacts"] += [
        newest[moves] | {"account_id": "A3", "known_at": _noon(MONTH_END)},
        newest[claimed] | {"claimed_level": 1, "left_date": None, "known_at": _noon(SECOND)},
    ]
    with warehouse.connect_admin() as connection:
        for entity, rows in records.items():
            for place, row in enumerate(rows):
                insert_row(connection, "raw", entity, {"content_hash": str(place)} | row)
    return warehouse


def test_relationships_taken_over_are_what_would_have_been_measured(people: Warehouse, tmp_path: Path) -> None:
    _build(people, tmp_path, "before", BEFORE_MONTH_END, marts=(*RELATIONSHIPS, *OF_NIGHTS))
    for schema, day, carried in (
        ("month_end", MONTH_END, ("before", BEFORE_MONTH_END)), ("night", SECOND, ("month_end", MONTH_END)),
    ):  # fmt: skip
        told = _build(people, tmp_path, schema, day, carried=carried, marts=(*RELATIONSHIPS, *OF_NIGHTS))
        # on the first of a month another month end is the oldest, and has nothing any more to be compared with
        assert ("and 19 of 20 days" if day == MONTH_END else "and 17 of 19 days") in told, told
        assert "anew" not in told, told
    _build(people, tmp_path, "night_in_full", SECOND, marts=RELATIONSHIPS)
    assert _one(people, "select count(distinct snapshot_date) from night.int_contact_levels_decided") == (3,)
    _assert_same(people, "night", "night_in_full", RELATIONSHIPS)
    for mart in ("fct_account_relationship_moves", "fct_contact_relationship_moves"):
        dated = f"select count(*) from night.{mart} where compared_with = 'day' and snapshot_date = '{SECOND}'"
        assert _one(people, dated) > (0,), mart
    _nights_agree(people, "month_end", "night")

    # a customer that the live night should have known on its own day: only that day is measured anew
    late = {
        "source": "crm", "gen": 2, "record_id": "A90", "content_hash": "0", "account_id": "A90", "size_band": "large",
        "created_at": _noon(SECOND), "known_at": _noon(SECOND),
    }  # fmt: skip
    with people.connect_admin() as connection:
        insert_row(connection, "raw", "accounts", late)
    told = _build(people, tmp_path, "late", THIRD, carried=("night", SECOND), marts=(*RELATIONSHIPS, *OF_NIGHTS))
    assert "and 17 of 19 days" in told
    assert f"anew from {SECOND} on, since the past reads otherwise in accounts" in told
    _build(people, tmp_path, "late_in_full", THIRD, marts=RELATIONSHIPS)
    _assert_same(people, "late", "late_in_full", RELATIONSHIPS)

    # a person asks to be forgotten, and a talk of May turns up that says it has been known since
    erased = _one(
        people,
        "select min(contact_id) from raw.interactions where happened_at > '2025-05-01' and known_at < '2025-06-01'",
    )[0]
    with people.connect_admin() as connection:
        for entity in ("contacts", "interactions", "survey_responses", "referrals", "campaign_members", "tickets"):
            connection.execute(
                f"update raw.{entity} set contact_id = 'forgotten', gen = 2 where contact_id = %s", (erased,)
            )
        # the live build is erased too, of all that names the person; here of what a night does not read again
        connection.execute("update raw.contacts set record_id = 'forgotten' where record_id = %s", (erased,))
        connection.execute(
            "update night.stg_raw__contacts set contact_id = 'forgotten' where contact_id = %s", (erased,)
        )
    told = _build(people, tmp_path, "erased", THIRD, carried=("night", SECOND), marts=(*RELATIONSHIPS, *OF_NIGHTS))
    assert "and 0 of 19 days" in told
    assert "since the past reads otherwise in" in told
    assert "interactions" in told
    _build(people, tmp_path, "erased_in_full", THIRD, marts=RELATIONSHIPS)
    _assert_same(people, "erased", "erased_in_full", RELATIONSHIPS)


def _nights_agree(warehouse: Warehouse, earlier: str, later: str) -> None:
    """Whatever the one night says of a day, the next says the same."""
    words = "to_jsonb(t) - 'as_of_date' - 'is_current' as words"
    for mart, kept in {
        "fct_account_relationship_days": "(select snapshot_date from {}.int_relationship_days_held)",
        "fct_account_relationships": "(select snapshot_date from {}.int_relationship_months_held where not is_current)",
        "fct_account_health": "(select snapshot_date from {}.int_relationship_months_held where not is_current)",
        "fct_account_relationship_moves": "(select comparison_key from {}.int_relationship_comparisons_listed)",
        "fct_contact_relationship_moves": "(select comparison_key from {}.int_relationship_comparisons_listed)",
    }.items():
        day = "compared_with || '|' || snapshot_date" if "moves" in mart else "snapshot_date"
        # with what the oldest was compared, the later night has not in hand
        oldest = f"(select min(snapshot_date) from {later}.int_relationship_days_held)"
        first, then = (
            f"select {words} from {schema}.{mart} as t where {day} in {kept.format(earlier)}"
            f" and {day} in {kept.format(later)} and snapshot_date > {oldest}"
            for schema in (earlier, later)
        )
        differing = f"select count(*) from (({first} except {then}) union all ({then} except {first})) as either"
        assert _one(warehouse, differing) == (0,), mart
        assert _one(warehouse, f"select count(*) from ({first}) as told") > (0,), mart


def _assert_same(warehouse: Warehouse, schema: str, other: str, tables: Iterable[str]) -> None:
    for table in sorted(tables):
        rows, others = (
            _one(warehouse, f"select count(*), sum(hashtextextended(t::text, 0)::numeric) from {each}.{table} as t")
            for each in (schema, other)
        )
        assert rows == others, table
        assert rows[0] > 0, table


def _taken_over(warehouse: Warehouse, schema: str) -> tuple[Any, ...]:
    return _one(
        warehouse,
        f"select (select count(*) from {schema}.int_snapshot_dates_listed where is_carried),"
        f" (select count(*) from {schema}.int_category_months_listed where is_carried)",
    )


def _build(
    warehouse: Warehouse, target: Path, schema: str, day: date, *, carried: tuple[str, date] | None = None,
    marts: Sequence[str] = (*MARTS, *ALWAYS_BUILT),
) -> str:  # fmt: skip
    build_of = carried and Carried(schema=carried[0], gen=1, as_of=carried[1])
    variables = {"as_of_date": day.isoformat(), "timezone": "Asia/Shanghai", "currency": "CNY"}
    wanted = [f"+{mart}" for mart in marts]
    build(
        warehouse, schema, target, variables | carried_variables(build_of),
        "--select", *wanted, *NO_UNIT_TESTS, "--exclude-resource-type", "test",
    )  # fmt: skip
    if not set(ALWAYS_BUILT) <= set(marts):
        return ""
    with warehouse.connect(Role.TRANSFORMER) as connection:
        return tell_carried(connection, schema, build_of)


def _one(warehouse: Warehouse, query: str) -> tuple[Any, ...]:
    with warehouse.connect(Role.TRANSFORMER) as connection:
        return connection.execute(query.encode()).fetchone() or ()


def _noon(day: date) -> Any:
    return chance_value.moment(day)
