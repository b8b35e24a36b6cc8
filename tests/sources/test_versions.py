"""What raw remembers: versions, when they became known, and that running again changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sources.extract import extract_source
from sources.loading.report import EntityReport
from sources.outside import Outside
from tests.sources.workshop import Workshop
from warehouse.database import Role
from warehouse.night import FencedError

DayFile = Callable[..., Path]


def _raw(workshop: Workshop) -> list[tuple[object, ...]]:
    return workshop.query(
        "select record_id, net_amount::text, (known_at at time zone 'Europe/Berlin')::text from raw.order_lines"
        " order by record_id, known_at"
    )


def _changes(report: EntityReport) -> tuple[int, int, int, int]:
    return report.extracted, report.new, report.changed, report.unchanged


def test_a_first_load_is_known_since_each_record_happened(workshop: Workshop, day_file: DayFile) -> None:
    day_file("a.csv", ("1", "x", "2026-01-05 10:00:00", "2.50"), ("2", "x", "2026-01-07", "3"))
    assert _changes(workshop.counts("2026-01-07")["order_lines"]) == (2, 2, 0, 0)
    assert _raw(workshop) == [("1", "2.50", "2026-01-05 10:00:00"), ("2", "3", "2026-01-07 00:00:00")]


def test_rows_after_the_night_wait_for_their_day(workshop: Workshop, day_file: DayFile) -> None:
    day_file(
        "a.csv", ("1", "x", "2026-01-05", "1"), ("2", "x", "2026-01-07 23:59:59", "2"), ("3", "x", "2026-01-08", "3")
    )
    first = workshop.counts("2026-01-05")["order_lines"]
    assert (*_changes(first), first.held_back) == (1, 1, 0, 0, 2)
    second = workshop.counts("2026-01-07")["order_lines"]
    assert (*_changes(second), second.held_back) == (1, 1, 0, 0, 1)
    assert [row[0] for row in _raw(workshop)] == ["1", "2"]
    third = workshop.counts("2026-01-09")["order_lines"]
    assert (*_changes(third), third.held_back) == (1, 1, 0, 0, 0)


def test_a_file_read_before_is_not_read_again(workshop: Workshop, day_file: DayFile) -> None:
    day_file("a.csv", ("1", "x", "2026-01-05", "1"))
    workshop.extract("2026-01-05")
    day_file("b.csv", ("2", "x", "2026-01-06", "1"))
    workshop.progress.clear()
    assert _changes(workshop.counts("2026-01-06")["order_lines"]) == (1, 1, 0, 0)
    assert any("read 1 of 1 files" in text for text in workshop.progress)
    workshop.progress.clear()
    assert _changes(workshop.counts("2026-01-07")["order_lines"]) == (0, 0, 0, 0)
    assert not any("read" in text for text in workshop.progress)


def test_a_changed_file_is_read_again_and_only_changes_become_versions(workshop: Workshop, day_file: DayFile) -> None:
    day_file("a.csv", ("1", "x", "2026-01-05", "1"), ("2", "x", "2026-01-05", "5"))
    workshop.extract("2026-01-05")
    day_file("a.csv", ("1", "x", "2026-01-05", "1.00"), ("2", "x", "2026-01-05", "6"), ("3", "x", "2026-01-06", "7"))
    assert _changes(workshop.counts("2026-01-06")["order_lines"]) == (3, 1, 1, 1)
    assert _raw(workshop)[1:] == [
        ("2", "5", "2026-01-05 00:00:00"),
        ("2", "6", "2026-01-06 23:59:59.999999"),
        ("3", "7", "2026-01-06 23:59:59.999999"),
    ]


def test_a_change_and_its_undoing_give_three_versions(workshop: Workshop, day_file: DayFile) -> None:
    for day, amount in (("2026-01-05", "1"), ("2026-01-06", "2"), ("2026-01-07", "1")):
        day_file("a.csv", ("1", "x", "2026-01-05", amount))
        workshop.extract(day)
    assert [row[1] for row in _raw(workshop)] == ["1", "2", "1"]


@pytest.mark.parametrize("same_run", [True, False], ids=["a second attempt", "another run"])
def test_the_same_day_again_replaces_what_that_day_loaded(
    workshop: Workshop, day_file: DayFile, *, same_run: bool
) -> None:
    day_file("a.csv", ("1", "x", "2026-01-05", "1"))
    workshop.extract("2026-01-05")
    day_file("b.csv", ("2", "x", "2026-01-06", "2"), ("1", "x", "2026-01-05", "9"))
    night = workshop.open("2026-01-06")
    workshop.extract("2026-01-06", night=night)
    once = _raw(workshop)
    again = workshop.open("2026-01-06", run_id=night.run_id if same_run else None)
    assert _changes(workshop.counts("2026-01-06", night=again)["order_lines"]) == (2, 1, 1, 0)
    assert _raw(workshop) == once
    assert workshop.query("select distinct gen from raw.order_lines order by gen")[-1] == (again.gen,)
    # the source corrects itself before the third try: nothing of the second remains
    day_file("b.csv", ("2", "x", "2026-01-06", "4"))
    workshop.extract("2026-01-06", night=workshop.open("2026-01-06"))
    assert [row[:2] for row in _raw(workshop)] == [("1", "1"), ("2", "4")]


def test_a_first_load_again_is_still_a_first_load(workshop: Workshop, day_file: DayFile) -> None:
    day_file("a.csv", ("1", "x", "2026-01-01", "1"))
    workshop.extract("2026-01-05")
    once = _raw(workshop)
    workshop.extract("2026-01-05")
    assert _raw(workshop) == once == [("1", "1", "2026-01-01 00:00:00")]


def test_a_changed_mapping_reads_everything_again(workshop: Workshop, day_file: DayFile) -> None:
    day_file("a.csv", ("1", "x", "2026-01-05", "1"))
    workshop.extract("2026-01-05")
    fields = {**workshop.source["entities"]["order_lines"]["fields"], "line_kind": {"value": "service"}}
    workshop.source["entities"] = {"order_lines": {"from": "lines", "fields": fields}}
    assert _changes(workshop.counts("2026-01-06")["order_lines"]) == (1, 0, 1, 0)


def test_a_night_before_the_newest_one_loads_nothing(workshop: Workshop, day_file: DayFile) -> None:
    day_file("a.csv", ("1", "x", "2026-01-05", "1"))
    workshop.extract("2026-01-06")
    report = workshop.extract("2026-01-05")
    assert [_changes(each) for each in report.entities] == [(0, 0, 0, 0)]
    assert "loaded up to 2026-01-06" in report.warnings[0]
    assert workshop.query("select state from ops.extracts order by gen") == [("loaded",), ("skipped",)]


def test_records_made_of_many_rows_go_on_from_what_is_known(workshop: Workshop, day_file: DayFile) -> None:
    workshop.source["entities"]["accounts"] = {
        "from": "lines",
        "one_per_key": True,
        "fields": {
            "account_id": "customer",
            "account_name": {"column": "order", "aggregate": "first"},
            "industry": {"column": "amount", "aggregate": "max"},
            "country": "order",
            "created_at": {"column": "day", "aggregate": "min"},
        },
    }
    day_file("a.csv", ("1", "x", "2026-01-05", "5"), ("2", "x", "2026-01-04", "7"))
    assert _changes(workshop.counts("2026-01-05")["accounts"]) == (1, 1, 0, 0)
    day_file("b.csv", ("3", "x", "2026-01-06", "6"))
    assert _changes(workshop.counts("2026-01-06")["accounts"]) == (1, 0, 1, 0)
    rows = workshop.query(
        "select account_name, industry, country, (created_at at time zone 'Europe/Berlin')::date::text"
        " from raw.accounts order by known_at"
    )
    assert rows == [("2", "7", "1", "2026-01-04"), ("2", "7", "3", "2026-01-04")]


def test_an_extract_whose_claim_is_lost_writes_nothing(workshop: Workshop, day_file: DayFile) -> None:
    day_file("a.csv", ("1", "x", "2026-01-05", "1"))
    night = workshop.open("2026-01-05")
    with workshop.claimed(night) as stale:
        with workshop.claimed(night):
            pass
        with pytest.raises(FencedError):
            extract_source(
                workshop.company(), "shop", claim=stale, warehouse=workshop.warehouse, outside=Outside(workshop.folder)
            )
    assert workshop.query("select count(*) from raw.order_lines") == [(0,)]
    assert workshop.query("select count(*) from ops.extracts") == [(0,)]


def test_landing_schemas_are_gone_after_success_and_dead_ones_with_them(workshop: Workshop, day_file: DayFile) -> None:
    day_file("a.csv", ("1", "x", "2026-01-05", "1"))
    with workshop.warehouse.connect(Role.LOADER) as connection:
        connection.execute("create schema landing_1_shop_7")
        connection.execute("create schema landing_1_shop_two_1")
    workshop.extract("2026-01-05")
    assert workshop.query("select nspname from pg_namespace where nspname like 'landing%'") == [
        ("landing_1_shop_two_1",)
    ]
    assert list((workshop.folder / "runs").rglob("landing*")) == []


def test_the_day_of_the_newest_event_is_noted_by_entity(workshop: Workshop, day_file: DayFile) -> None:
    """Rows that wait for their day or are refused tell of no event; lines have none, their orders do."""
    workshop.source["entities"]["orders"] = {
        "from": "lines",
        "fields": {
            "order_id": "order", "account_id": "customer", "ordered_at": "day", "status": {"value": "done"},
            "currency_code": {"value": "EUR"},
        },
    }  # fmt: skip
    day_file(
        "a.csv", ("1", "x", "2026-01-05", "1"), ("2", "x", "2026-01-06 23:59:59", "2"), ("3", "", "2026-01-07", "3"),
        ("4", "x", "2026-01-09", "4"),
    )  # fmt: skip
    counts = workshop.counts("2026-01-07")
    noted = dict(workshop.query("select entity, newest_event_date::text from ops.extracts"))
    assert noted == {"orders": "2026-01-06", "order_lines": None}
    assert str(counts["orders"].newest_event) == "2026-01-06"
