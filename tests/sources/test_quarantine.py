"""Bad rows are set aside and counted; too many of them stop the night."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sources.errors import RetypedColumnError
from sources.loading.merge import EmptyFirstLoadError
from sources.loading.quarantine import QuarantineLimitError
from tests.sources.workshop import Workshop
from warehouse.errors import GateClosedError

DayFile = Callable[..., Path]


def _rules(workshop: Workshop) -> dict[str, int]:
    return dict(workshop.query("select rule, count(*) from quarantine.rows group by rule"))


@pytest.fixture
def lenient(workshop: Workshop) -> Workshop:
    workshop.source["quarantine_limit"] = 1
    return workshop


@pytest.mark.parametrize(
    ("row", "rule", "seen"),
    [
        (("", "x", "2026-01-05", "1"), "missing_order_line_id", None),
        (("2", "x", "2026-01-05", ""), "missing_net_amount", None),
        (("2", "x", "2026-01-05", "1.234.5"), "bad_numeric_net_amount", "1.234.5"),
        (("2", "x", "2026-01-05", "NaN"), "bad_numeric_net_amount", "NaN"),
        (("2", "x", "2026-01-05", "0x10"), "bad_numeric_net_amount", "0x10"),
        (("2", "x", "2026-02-30", "1"), "bad_happened_at", None),
        (("2", "x", "05/01/2026", "1"), "bad_happened_at", None),
        (("2", "x", "tomorrow", "1"), "bad_happened_at", None),
        (("1", "y", "2026-01-05", "1"), "duplicate_row", None),
        (("1", "x", "2026-01-05", "2"), "duplicate_key", None),
    ],
)
def test_a_bad_row_is_kept_with_its_rule(
    lenient: Workshop, day_file: DayFile, row: tuple[str, ...], rule: str, seen: str | None
) -> None:
    good = ("1", "x", "2026-01-05", "1")
    day_file("a.csv", good, ("9", "x", "2026-01-05", "1"), row)
    report = lenient.counts("2026-01-05")["order_lines"]
    conflicting = 2 if rule == "duplicate_key" else 1
    assert (report.extracted, report.new, report.quarantined) == (3, 3 - conflicting, conflicting)
    kept = lenient.query(
        "select rule, seen from quarantine.rows where \"row\"->>'amount' is not distinct from %s"
        " and \"row\"->>'customer' = %s and \"row\"->>'day' = %s",
        row[3] or None,
        row[1],
        row[2],
    )
    assert (rule, seen) in kept
    assert _rules(lenient) == {rule: conflicting}


def test_a_later_file_decides_between_versions_of_one_key(lenient: Workshop, day_file: DayFile) -> None:
    day_file("a.csv", ("1", "x", "2026-01-05", "1"))
    day_file("b.csv", ("1", "x", "2026-01-05", "2"))
    lenient.extract("2026-01-05")
    assert lenient.query("select net_amount::text from raw.order_lines") == [("2",)]
    assert _rules(lenient) == {"duplicate_key": 1}


def test_an_unlisted_value_is_refused(lenient: Workshop, day_file: DayFile) -> None:
    lenient.source["entities"]["order_lines"]["fields"]["line_kind"] = "customer"
    day_file("a.csv", ("1", "product", "2026-01-05", "1"), ("2", "gift", "2026-01-05", "1"))
    lenient.extract("2026-01-05")
    assert _rules(lenient) == {"unknown_value_line_kind": 1}


def test_an_event_after_the_night_is_refused_where_rows_have_no_day_of_their_own(
    lenient: Workshop, day_file: DayFile
) -> None:
    del lenient.source["datasets"]["lines"]["happened_at"]
    lenient.source["entities"] = {
        "orders": {"from": "lines", "fields": {"order_id": "order", "account_id": "customer", "ordered_at": "day"}}
    }
    day_file("a.csv", ("1", "x", "2026-01-05 23:59", "1"), ("2", "x", "2026-01-06 00:00", "1"))
    lenient.extract("2026-01-05")
    assert lenient.query("select order_id from raw.orders") == [("1",)]
    assert _rules(lenient) == {"future_date": 1}


def test_one_bad_row_is_borne_and_a_second_stops_a_small_extract(workshop: Workshop, day_file: DayFile) -> None:
    rows = [(n, "x", "2026-01-05", "1") for n in range(20)]
    day_file("a.csv", *rows, ("b1", "x", "2026-01-05", "?"))
    assert workshop.counts("2026-01-05")["order_lines"].quarantined == 1
    day_file("b.csv", *[(n, "x", "2026-01-06", "1") for n in range(30, 50)], ("b2", "x", "2026-01-06", "?"),
             ("b3", "x", "2026-01-06", ""))  # fmt: skip
    before = workshop.query("select * from raw.order_lines order by record_id")
    with pytest.raises(QuarantineLimitError) as caught:
        workshop.extract("2026-01-06")
    assert isinstance(caught.value, GateClosedError)
    text = str(caught.value)
    assert "2 of 22 rows break rules: bad_numeric_net_amount 1 (e.g. b2), missing_net_amount 1 (e.g. b3)" in text
    assert "at most 1 (1.0%)" in text
    # nothing was loaded, yet the operator can look
    assert workshop.query("select * from raw.order_lines order by record_id") == before
    assert workshop.query("select record_id from quarantine.rows where gen = 2 order by 1") == [("b2",), ("b3",)]
    assert workshop.query("select state, extracted_count, quarantined_count from ops.extracts where gen = 2") == [
        ("failed", 22, 2)
    ]
    assert workshop.query("select name from ops.files order by name") == [("a.csv",)]


def test_the_limit_itself_is_still_borne(workshop: Workshop, day_file: DayFile) -> None:
    workshop.source["quarantine_limit"] = 0.1
    rows = [(n, "x", "2026-01-05", "1" if n >= 2 else "?") for n in range(20)]
    day_file("a.csv", *rows)
    assert workshop.counts("2026-01-05")["order_lines"].quarantined == 2


def test_a_column_without_one_good_value_is_called_retyped(lenient: Workshop, day_file: DayFile) -> None:
    day_file("a.csv", *[(n, "x", "2026-01-05", f"EUR {n}") for n in range(12)])
    with pytest.raises(RetypedColumnError, match="none of 12 values is a numeric"):
        lenient.extract("2026-01-05")


def test_a_first_load_without_a_row_stops(workshop: Workshop, day_file: DayFile) -> None:
    day_file("a.csv", ("1", "x", "2026-01-09", "1"))
    with pytest.raises(EmptyFirstLoadError, match="1 rows are later than 2026-01-05"):
        workshop.extract("2026-01-05")


def test_rows_that_fail_the_filter_are_simply_not_this_entity(workshop: Workshop, day_file: DayFile) -> None:
    workshop.source["entities"]["order_lines"]["where"] = {"column": "customer", "present": True}
    day_file("a.csv", ("1", "", "2026-01-05", "1"), ("2", "x", "2026-01-05", "1"))
    report = workshop.counts("2026-01-05")["order_lines"]
    assert (report.extracted, report.quarantined) == (1, 0)


def test_a_required_field_may_be_declared_optional(workshop: Workshop, day_file: DayFile) -> None:
    workshop.source["entities"]["orders"] = {
        "from": "lines",
        "optional": ["account_id"],
        "fields": {"order_id": "order", "account_id": "customer", "ordered_at": "day"},
    }
    day_file("a.csv", ("1", "", "2026-01-05", "1"))
    assert workshop.counts("2026-01-05")["orders"].new == 1
    assert workshop.query("select account_id from raw.orders") == [(None,)]
