"""Records that a source no longer has: noted, doubted when too many, and known again when they come back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sources.loading.deletions import VanishedRowsError
from tests.sources.workshop import Workshop

DayFile = Callable[..., Path]


@pytest.fixture
def whole(workshop: Workshop) -> Workshop:
    """A source whose file is everything there is."""
    workshop.source["datasets"]["lines"]["mode"] = "full"
    return workshop


def _write(day_file: DayFile, orders: range | list[int], amount: str = "1") -> None:
    day_file("a.csv", *[(f"{n:03}", "x", "2026-01-05", amount) for n in orders])


def _versions(workshop: Workshop, order: str) -> list[tuple[object, ...]]:
    return workshop.query(
        "select known_at::date::text, is_deleted, net_amount::text from raw.order_lines where record_id = %s"
        " order by known_at",
        order,
    )


def test_a_row_that_is_gone_gets_a_deleted_version_with_what_was_known_of_it(
    whole: Workshop, day_file: DayFile
) -> None:
    _write(day_file, range(10))
    whole.extract("2026-01-05")
    _write(day_file, range(9))
    report = whole.counts("2026-01-06")["order_lines"]
    assert (report.extracted, report.unchanged, report.deleted) == (9, 9, 1)
    assert _versions(whole, "009") == [("2026-01-04", False, "1"), ("2026-01-06", True, "1")]
    assert whole.query("select deleted_count from ops.extracts where as_of = '2026-01-06'") == [(1,)]


def test_a_deleted_row_is_deleted_once(whole: Workshop, day_file: DayFile) -> None:
    _write(day_file, range(10))
    whole.extract("2026-01-05")
    _write(day_file, range(9))
    whole.extract("2026-01-06")
    assert whole.counts("2026-01-07")["order_lines"].deleted == 0
    assert len(_versions(whole, "009")) == 2


def test_a_row_that_comes_back_is_a_change(whole: Workshop, day_file: DayFile) -> None:
    _write(day_file, range(10))
    whole.extract("2026-01-05")
    _write(day_file, range(9))
    whole.extract("2026-01-06")
    _write(day_file, range(10))
    report = whole.counts("2026-01-07")["order_lines"]
    assert (report.new, report.changed, report.unchanged, report.deleted) == (0, 1, 9, 0)
    assert [is_deleted for _, is_deleted, _ in _versions(whole, "009")] == [False, True, False]


def test_a_night_that_runs_again_sees_the_deletion_again(whole: Workshop, day_file: DayFile) -> None:
    _write(day_file, range(10))
    whole.extract("2026-01-05")
    _write(day_file, range(9))
    whole.extract("2026-01-06")
    once = whole.query("select record_id, known_at, is_deleted from raw.order_lines order by 1, 2")
    assert whole.counts("2026-01-06")["order_lines"].deleted == 1
    assert whole.query("select record_id, known_at, is_deleted from raw.order_lines order by 1, 2") == once


def test_a_night_that_runs_again_after_the_row_came_back_has_forgotten_the_deletion(
    whole: Workshop, day_file: DayFile
) -> None:
    _write(day_file, range(10))
    whole.extract("2026-01-05")
    _write(day_file, range(9))
    whole.extract("2026-01-06")
    _write(day_file, range(10))
    assert whole.counts("2026-01-06")["order_lines"].unchanged == 10
    assert len(_versions(whole, "009")) == 1


def test_a_row_that_a_rule_refuses_is_not_gone(whole: Workshop, day_file: DayFile) -> None:
    _write(day_file, range(100))
    whole.extract("2026-01-05")
    day_file("a.csv", *[(f"{n:03}", "x", "2026-01-05", "?" if n == 7 else "1") for n in range(100)])
    report = whole.counts("2026-01-06")["order_lines"]
    assert (report.quarantined, report.deleted) == (1, 0)


def test_what_only_adds_deletes_nothing(workshop: Workshop, day_file: DayFile) -> None:
    day_file("a.csv", ("1", "x", "2026-01-05", "1"), ("2", "x", "2026-01-05", "1"))
    workshop.extract("2026-01-05")
    day_file("a.csv", ("1", "x", "2026-01-05", "1"))
    assert workshop.counts("2026-01-06")["order_lines"].deleted == 0


@pytest.mark.parametrize(
    ("left", "limit", "stops"), [(95, None, False), (94, None, True), (50, None, True), (50, 0.5, False)]
)
def test_too_many_gone_stop_the_source_and_change_nothing(
    whole: Workshop, day_file: DayFile, left: int, limit: float | None, *, stops: bool
) -> None:
    _write(day_file, range(100))
    whole.extract("2026-01-05")
    if limit is not None:
        whole.source["vanish_limit"] = limit
    _write(day_file, range(left), amount="2")
    if not stops:
        assert whole.counts("2026-01-06")["order_lines"].deleted == 100 - left
        return
    with pytest.raises(VanishedRowsError, match=f"{100 - left} of 100 records are no longer there"):
        whole.extract("2026-01-06")
    assert whole.query("select distinct net_amount::text, is_deleted from raw.order_lines") == [("1", False)]


def test_a_few_are_always_borne(whole: Workshop, day_file: DayFile) -> None:
    _write(day_file, range(8))
    whole.extract("2026-01-05")
    _write(day_file, range(5))
    assert whole.counts("2026-01-06")["order_lines"].deleted == 3


def test_fields_of_their_own_ride_along_and_count_as_content(workshop: Workshop, day_file: DayFile) -> None:
    workshop.source["entities"]["order_lines"]["extra"] = {"buyer": "customer", "nothing": {"value": None}}
    day_file("a.csv", ("1", "kim", "2026-01-05", "1"), ("2", "", "2026-01-05", "1"))
    workshop.extract("2026-01-05")
    assert workshop.query("select record_id, extra from raw.order_lines order by 1") == [
        ("1", {"buyer": "kim"}),
        ("2", None),
    ]
    day_file("b.csv", ("1", "lee", "2026-01-05", "1"))
    assert workshop.counts("2026-01-06")["order_lines"].changed == 1
    assert workshop.query("select extra from raw.order_lines where record_id = '1' order by known_at desc limit 1") == [
        ({"buyer": "lee"},)
    ]
