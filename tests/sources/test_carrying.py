"""A source that gives nothing is carried forward, but not for ever, not at first, and never when what came is wrong."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sources.errors import TooStaleError, UndeliveredError
from sources.files.store import MissingDataError
from sources.loading.deletions import VanishedRowsError
from sources.loading.report import ExtractReport
from sources.tables import EmptyFileError, RenamedColumnError
from tests.sources.workshop import ORDER_LINES, Workshop
from warehouse.database import Warehouse
from warehouse.embedded import free_port
from warehouse.errors import GateClosedError, Problem

DayFile = Callable[..., Path]
STATES = "select as_of::text, state from ops.extracts order by noted_at"
NOWHERE = f"postgresql://reader:secret@127.0.0.1:{free_port()}/erp"


def _without_files(workshop: Workshop, day: str, *, is_last_try: bool = True) -> ExtractReport:
    aside = workshop.data.rename(workshop.folder / "aside")
    try:
        return workshop.extract(day, is_last_try=is_last_try)
    finally:
        shutil.rmtree(workshop.folder / "data", ignore_errors=True)
        aside.rename(workshop.folder / "data")


@pytest.fixture
def loaded(workshop: Workshop, day_file: DayFile) -> Workshop:
    """A source that has been read for one day."""
    day_file("a.csv", *[(n, "x", "2026-01-05", n) for n in range(1, 11)])
    workshop.extract("2026-01-05")
    return workshop


def test_before_the_last_try_an_undelivered_source_fails(loaded: Workshop) -> None:
    with pytest.raises(MissingDataError):
        _without_files(loaded, "2026-01-06", is_last_try=False)
    assert loaded.query(STATES) == [("2026-01-05", "loaded"), ("2026-01-06", "failed")]


def test_in_the_last_try_it_is_carried_forward_and_says_since_when_and_what_to_do(loaded: Workshop) -> None:
    versions = "select * from raw.order_lines order by record_id"
    before = loaded.query(versions)
    report = _without_files(loaded, "2026-01-07")
    assert loaded.query(versions) == before
    lines = report.lines()
    assert lines[0] == "shop: it gave nothing; order_lines are carried forward as of 2026-01-05, 2 days stale"
    assert [line.split()[0] for line in lines[3:]] == ["seen:", "expected:", "next:"]
    assert "does not exist" in lines[3]
    assert report.carried is not None
    assert loaded.query(
        "select as_of::text, entity, state, extracted_count, problem from ops.extracts where state <> 'loaded'"
    ) == [("2026-01-07", "order_lines", "carried", 0, str(report.carried.problem))]


def test_a_first_load_is_never_carried(workshop: Workshop) -> None:
    with pytest.raises(MissingDataError):
        workshop.extract("2026-01-05", is_last_try=True)
    assert workshop.query(STATES) == [("2026-01-05", "failed")]


def test_an_entity_that_was_mapped_since_has_nothing_to_be_carried(loaded: Workshop) -> None:
    loaded.source["entities"]["products"] = {"from": "lines", "fields": {"product_id": "order"}, "one_per_key": True}
    with pytest.raises(MissingDataError):
        _without_files(loaded, "2026-01-06")


def test_a_source_may_say_that_the_night_stops_without_it(loaded: Workshop) -> None:
    loaded.source["when_undelivered"] = "stop"
    with pytest.raises(MissingDataError):
        _without_files(loaded, "2026-01-06")


def test_it_is_carried_for_so_many_days_and_no_more(loaded: Workshop) -> None:
    report = _without_files(loaded, "2026-01-08")
    assert report.carried is not None
    assert report.carried.stale_days == 3
    with pytest.raises(TooStaleError, match=r"delivered last for 2026-01-05, 4 days before 2026-01-09") as caught:
        _without_files(loaded, "2026-01-09")
    assert "`carry_days`" in caught.value.next_step
    loaded.source["carry_days"] = 4
    assert _without_files(loaded, "2026-01-09").carried is not None


def test_a_day_that_was_read_before_is_not_stale(loaded: Workshop) -> None:
    report = _without_files(loaded, "2026-01-05")
    assert report.carried is not None
    assert report.carried.stale_days == 0
    assert report.lines()[0] == "shop: it gave nothing now, but has been read for 2026-01-05 before"


def _break(workshop: Workshop, lines: list[str]) -> None:
    workshop.csv("a.csv", ["order,customer,day,amount", *lines])


BAD: dict[str, tuple[Callable[[Workshop], Any], type[Problem]]] = {
    "most rows are refused": (lambda shop: _break(shop, [f"{n},x,2026-01-05,{n % 5 or 'none'}" for n in range(1, 11)]),
                              GateClosedError),
    "a column is renamed": (lambda shop: shop.csv("a.csv", ["order,customer,day,amounts", "1,x,2026-01-05,1"]),
                            RenamedColumnError),
    "most records are gone": (lambda shop: _break(shop, ["1,x,2026-01-05,1"]), VanishedRowsError),
    "the file is empty": (lambda shop: _break(shop, []), EmptyFileError),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_data_stop_the_night_in_the_last_try_too(workshop: Workshop, day_file: DayFile, name: str) -> None:
    spoil, kind = BAD[name]
    workshop.source["datasets"]["lines"]["mode"] = "full"
    day_file("a.csv", *[(n, "x", "2026-01-05", n) for n in range(1, 11)])
    workshop.extract("2026-01-05")
    spoil(workshop)
    with pytest.raises(kind) as caught:
        workshop.extract("2026-01-06", is_last_try=True)
    assert not isinstance(caught.value, UndeliveredError)
    assert workshop.query(STATES)[-1] == ("2026-01-06", "failed")


def _everything(workshop: Workshop) -> dict[str, list[tuple[Any, ...]]]:
    """Every version in raw, but for the generation that brought it, and where the next extract goes on."""
    tables = [name for (name,) in workshop.query("select tablename from pg_tables where schemaname = 'raw' order by 1")]
    found = {
        table: workshop.query(f"select to_jsonb(t) - 'gen' from raw.{table} as t order by record_id, known_at")
        for table in tables
    }
    found["cursors"] = workshop.query("select dataset, as_of, watermark from ops.cursors where as_of <> '2026-01-06'")
    return found


@pytest.fixture
def twin(workshop: Workshop, other_warehouse: Warehouse, tmp_path: Path) -> Workshop:
    """The same company with a warehouse of its own; it reads the same data."""
    (tmp_path / "twin").mkdir()
    (tmp_path / "twin" / "data").symlink_to(workshop.data)
    return Workshop(other_warehouse, tmp_path / "twin", copy.deepcopy(workshop.source))


@pytest.mark.parametrize("mode", ["append", "full"])
def test_three_nights_with_the_middle_one_carried_equal_two(
    workshop: Workshop, twin: Workshop, day_file: DayFile, mode: str
) -> None:
    for each in (workshop, twin):
        each.source["datasets"]["lines"]["mode"] = mode
    rows: list[tuple[object, ...]] = [(n, "x", "2026-01-05", n) for n in range(1, 11)]
    day_file("a.csv", *rows)
    assert workshop.extract("2026-01-05").lines()
    twin.extract("2026-01-05")
    assert _without_files(workshop, "2026-01-06").carried is not None
    day_file("a.csv", *[(n, "x", "2026-01-05", n + 10) for n in range(1, 10)])  # 10 is gone, the others changed
    day_file("b.csv", ("11", "y", "2026-01-06", 1), ("12", "y", "2026-01-07", 1), ("13", "y", "2026-01-08", 1))
    workshop.extract("2026-01-07")
    twin.extract("2026-01-07")
    assert _everything(workshop) == _everything(twin)
    assert len(workshop.query("select 1 from raw.order_lines where record_id in ('11', '12')")) == 2


def test_a_database_that_was_away_for_a_night_is_caught_up_by_its_watermark(
    workshop: Workshop, twin: Workshop, scratch_database: str
) -> None:
    table = """
        create table sales (no text, placed_at timestamptz, amount numeric, write_date timestamptz);
        insert into sales select n, '2026-01-05 08:00+01', n, '2026-01-05 09:00+01' from generate_series(1, 5) as n
    """
    while_away = """
        insert into sales values ('6', '2026-01-06 08:00+01', 6, '2026-01-06 09:00+01');
        update sales set amount = 70, write_date = '2026-01-06 10:00+01' where no = '2';
        insert into sales values ('8', '2026-01-07 08:00+01', 8, '2026-01-07 09:00+01')
    """
    for each in (workshop, twin):
        each.source = {
            "kind": "erp_database",
            "datasets": {"lines": {"table": "sales", "cursor": "write_date", "happened_at": "placed_at"}},
            "entities": {
                "order_lines": ORDER_LINES
                | {"fields": ORDER_LINES["fields"] | {"order_line_id": "no", "order_id": "no"}}  # type: ignore[operator]
            },
        }
    _execute(scratch_database, table)
    for each in (workshop, twin):
        each.extract("2026-01-05", erp_url=scratch_database)
    report = workshop.extract("2026-01-06", erp_url=NOWHERE, is_last_try=True)
    assert "nothing listens there" in report.lines()[3]
    assert "secret" not in "\n".join(report.lines())
    _execute(scratch_database, while_away)
    for each in (workshop, twin):
        assert each.counts("2026-01-07", erp_url=scratch_database)["order_lines"].new == 2
    assert _everything(workshop) == _everything(twin)


def _execute(url: str, statements: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(statements.encode())
