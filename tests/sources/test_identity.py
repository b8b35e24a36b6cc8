"""Every row that is read is accounted for, whatever the rows are: checked against a second computation."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sources.files.folder import FileToRead, SourceFile
from sources.files.store import StoredFile
from sources.loading.landed import Landed
from sources.loading.landing import ensure_tables, landing_schema
from sources.loading.merge import Merge
from sources.loading.report import EntityReport
from sources.mapping.reader import read_mapping
from tests.sources.workshop import Workshop
from warehouse import ledger
from warehouse.database import Role
from warehouse.errors import Problem

Row = tuple[str | None, str | None, str | None]

ORDERS = st.sampled_from(["a", "b", "c", "a|b", 'quo"te', None])
DAYS = st.sampled_from(["2026-01-01", "2026-01-02 10:00:00", "2026-01-03", "2026-02-30", "no day", None])
AMOUNTS = st.sampled_from(["1", "1.0", "1.00", "2", "-3.5", "", "x", "Infinity", None])
BATCHES = st.lists(st.lists(st.tuples(ORDERS, DAYS, AMOUNTS), max_size=12), min_size=1, max_size=3)


class Oracle:
    """The same rules in plain Python: the content per key, and what happens to each row of a batch."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[str, Decimal]] = {}

    def load(self, rows: list[Row], as_of: date) -> Counter[str]:
        outcome: Counter[str] = Counter()
        good: dict[str, list[Decimal]] = {}
        for order, day, amount in rows:
            number = _number(amount)
            if day in ("2026-02-30", "no day"):
                outcome["quarantined"] += 1
            elif day is not None and date.fromisoformat(day[:10]) > as_of:
                outcome["held_back"] += 1
            elif order is None or number is None:
                outcome["quarantined"] += 1
            else:
                good.setdefault(order, []).append(number)
        for order, numbers in good.items():
            if len(set(numbers)) > 1:
                outcome["quarantined"] += len(numbers)
                continue
            outcome["quarantined"] += len(numbers) - 1
            known = self.known.get(order)
            outcome["new" if known is None else "unchanged" if known[1] == numbers[0] else "changed"] += 1
            self.known[order] = (order, numbers[0])
        return outcome


def _number(text: str | None) -> Decimal | None:
    try:
        number = Decimal(text or "")
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


@pytest.fixture(scope="module")
def names() -> Iterator[int]:
    return itertools.count()


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    derandomize=True,
)
@example(batches=[[("a", "2026-01-01", "1")], [("a", "2026-01-01", "2")], [("a", "2026-01-01", "1.0")]])
@given(batches=BATCHES)
def test_extracted_is_new_and_changed_and_unchanged_and_quarantined(
    workshop: Workshop, names: Iterator[int], batches: list[list[Row]]
) -> None:
    source = f"s{next(names)}"
    workshop.source |= {"name": source, "quarantine_limit": 1}
    oracle = Oracle()
    for as_of, rows in zip([date(2026, 1, 2), date(2026, 1, 3), date(2026, 1, 4)], batches, strict=False):
        expected = oracle.load(rows, as_of)
        try:
            report = _merge(workshop, source, as_of, rows)
        except Problem:  # an empty first load, or a column of nothing but rubbish
            assert not expected["new"]
            assert not expected["changed"]
            continue
        seen = {name: getattr(report, name) for name in ("new", "changed", "unchanged", "quarantined", "held_back")}
        assert seen == {name: expected[name] for name in seen}
        assert report.extracted == report.new + report.changed + report.unchanged + report.quarantined
        assert report.extracted + report.held_back == len(rows)
    newest = workshop.query(
        "select distinct on (record_id) record_id, net_amount from raw.order_lines where source = %s"
        " order by record_id, known_at desc",
        source,
    )
    assert dict(newest) == dict(oracle.known.values())


def _merge(workshop: Workshop, source: str, as_of: date, rows: list[Row]) -> EntityReport:
    """Merge rows that a landing would have left; the landing has tests of its own."""
    mapping = read_mapping(workshop.company(), source)
    dataset = mapping.datasets[0]
    night = workshop.open(as_of.isoformat())
    with ledger.stage(workshop.warehouse, night, "extract", source) as claim:
        schema = landing_schema(claim, source)
        with workshop.warehouse.connect(Role.LOADER) as connection, connection.cursor() as cursor:
            ensure_tables(connection, schema, {dataset.table: len(dataset.columns)})
            cursor.executemany(
                f"insert into {schema}.d1 values (1, %s, %s, 'customer', %s, %s)",
                [(number, *row) for number, row in enumerate(rows, start=1)],
            )
        landed = Landed(
            dataset,
            (FileToRead(SourceFile(1, StoredFile("a.csv", 0, datetime(2026, 1, 1, tzinfo=UTC)), str(as_of)), None),),
            {1: len(rows)},
        )
        merge = Merge(mapping, [landed], schema, claim, "Europe/Berlin", lambda _: None, time.monotonic())
        return merge.run(workshop.warehouse)[0]
