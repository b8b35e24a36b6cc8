"""What the landing does with rows, and with whatever stops it: exactly these rows, or nothing at all."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest

from sources.errors import SourceUnreachableError
from sources.feed import Feed, numbered
from sources.loading.landing import LandingError, land, landing_schema
from sources.mapping.mapping import DatasetMapping
from sources.mapping.reader import read_mapping
from tests.sources.workshop import Workshop
from warehouse import ledger

SECRET = "Jane Doe"


def batch(*rows: tuple[str | None, ...], first: int = 1) -> pa.RecordBatch:
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    names = [f"c{number}" for number in range(1, len(columns) + 1)]
    return numbered(pa.record_batch(columns, names=names), file_number=1, first_row=first)


def landed(workshop: Workshop, *batches: Iterator[pa.RecordBatch]) -> str:
    """Land feeds of the workshop's one dataset, the second as keys; return the schema."""
    dataset = dataset_of(workshop)
    night = workshop.open("2026-01-05")
    with ledger.stage(workshop.warehouse, night, "extract", "shop") as claim:
        feeds = [Feed(dataset, each, has_only_keys=place > 0) for place, each in enumerate(batches)]
        schema = land(feeds, claim=claim, source="shop", warehouse=workshop.warehouse)
        assert schema == landing_schema(claim, "shop")
    return schema


def dataset_of(workshop: Workshop) -> DatasetMapping:
    return read_mapping(workshop.company(), "shop").datasets[0]


def nothing_is_left(workshop: Workshop) -> bool:
    return workshop.query("select nspname from pg_namespace where nspname like 'landing%'") == []


def test_texts_arrive_as_they_are_over_the_bounds_of_batches(workshop: Workshop) -> None:
    rows: list[tuple[str | None, ...]] = [
        ("客户", "𝄞 é\u0301 \u200f", "", None),
        ("a\tb\nc\\N", "\\.", '"quoted", and', "'"),
        ("x" * 5_000_000, "\r\n", " ", "NULL"),
        ("last", "of", "a", "batch"),
    ]
    schema = landed(workshop, iter([batch(*rows[:2]), batch(rows[2], first=3), batch(rows[3], first=4)]))
    found = workshop.query(f"select file_number, row_number, c1, c2, c3, c4 from {schema}.d1 order by row_number")
    assert found == [(1, number, *row) for number, row in enumerate(rows, start=1)]


def test_a_feed_without_a_row_has_its_table_all_the_same(workshop: Workshop) -> None:
    schema = landed(workshop, iter([]), iter([]))
    assert workshop.query(f"select count(*) from {schema}.d1") == [(0,)]
    assert workshop.query(f"select row_number, c1 from {schema}.k1") == []


def test_a_thousand_columns(workshop: Workshop) -> None:
    workshop.source["datasets"]["lines"]["columns"] = [
        "order", "customer", "day", "amount", *(f"column {number}" for number in range(996)),
    ]  # fmt: skip
    schema = landed(workshop, iter([batch(tuple(str(number) for number in range(1000)), (None,) * 1000)]))
    assert workshop.query(f"select c1, c1000 from {schema}.d1 order by row_number") == [("0", "999"), (None, None)]


def test_a_text_that_the_server_refuses_is_not_quoted(workshop: Workshop) -> None:
    with pytest.raises(LandingError) as caught:
        landed(workshop, iter([batch(("1", SECRET, "", "")), batch(("2", f"{SECRET}\0", "", ""), first=2)]))
    assert "SQLSTATE 22021" in str(caught.value)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert nothing_is_left(workshop)


def test_a_problem_met_while_reading_is_raised_as_it_was(workshop: Workshop) -> None:
    problem = SourceUnreachableError("the source", seen="half", expected="all", next_step="wait")

    def broken() -> Iterator[pa.RecordBatch]:
        yield batch(("1",))
        raise problem

    with pytest.raises(SourceUnreachableError) as caught:
        landed(workshop, iter([batch(("1", "x", "", ""))]), broken())
    assert caught.value is problem
    assert nothing_is_left(workshop)


def test_what_else_goes_wrong_while_reading_is_told_by_its_kind(workshop: Workshop) -> None:
    def broken() -> Iterator[pa.RecordBatch]:
        yield batch(("1", "x", "", ""))
        raise pa.ArrowInvalid(f"cannot parse {SECRET}")

    with pytest.raises(LandingError, match=r"reading failed \(ArrowInvalid\)") as caught:
        landed(workshop, broken())
    assert SECRET not in str(caught.value)
    assert nothing_is_left(workshop)


def test_a_full_disk_is_told_with_what_to_do(workshop: Workshop) -> None:
    with workshop.warehouse.connect_admin() as connection:
        connection.execute(
            "create function public.fill() returns event_trigger language plpgsql as $$ begin"
            " raise exception 'could not extend file, beside Jane Doe' using errcode = 'disk_full'; end $$"
        )
        connection.execute(
            "create event trigger full_disk on ddl_command_end when tag in ('CREATE TABLE')"
            " execute function public.fill()"
        )
    with pytest.raises(LandingError, match="no space left") as caught:
        landed(workshop, iter([batch(("1", "x", "", ""))]))
    assert "free space, then run the night again" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_connection_that_is_cut_in_the_middle_leaves_nobodys_rows(workshop: Workshop) -> None:
    def cut() -> Iterator[pa.RecordBatch]:
        yield batch(*[("1", "x" * 1000, "", "")] * 5000)
        yield batch(*[("2", "x" * 1000, "", "")] * 5000, first=5001)  # one is read ahead
        with workshop.warehouse.connect_admin() as connection:
            ended = connection.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
                " where datname = current_database() and query like 'COPY%landing_%'"
            ).fetchall()
        assert ended == [(True,)]
        yield batch(*[("3", "x" * 1000, "", "")] * 5000, first=10_001)

    with pytest.raises(LandingError, match="run the night again"):
        landed(workshop, cut())
    assert nothing_is_left(workshop)


def test_memory_holds_a_few_batches_whatever_there_is_to_land(workshop: Workshop) -> None:
    held: list[int] = []
    before = pa.total_allocated_bytes()

    def many() -> Iterator[pa.RecordBatch]:
        for number in range(30):
            rows = [(str(n), f"{n:0200}", "2026-01-05", "1") for n in range(5000)]
            yield batch(*rows, first=5000 * number + 1)
            held.append(pa.total_allocated_bytes() - before)

    schema = landed(workshop, many())
    assert workshop.query(f"select count(*), max(row_number) from {schema}.d1") == [(150_000, 150_000)]
    assert max(held) < 4 * held[0]
