"""Two nights, and the same two days later from what raw holds: every mart is what it was, to the checksum."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.commands.corner_shop import (
    CUSTOMERS,
    GOOD_DAY,
    SALES,
    Shop,
    customers,
    write_csv,
)

pytestmark = [pytest.mark.slow, pytest.mark.night, pytest.mark.xdist_group("corner shop")]

LAST_DAY = GOOD_DAY + timedelta(days=1)
STAGES = ("extract", "check raw", "transform", "score", "check scores", "publish")


def _write_day(files: Path, day: date) -> None:
    """Let three customers order and others move to another region."""
    number = (day - GOOD_DAY).days
    sold = [
        [f"N{who}-{day}", f"N{who}-{day}-1", f"K{who:02}", day.isoformat(), "tea-1", "3", "37.50"]
        for who in (1, 5, 7 + number)
    ]
    write_csv(files / f"sales_{day:%Y%m%d}.csv", SALES, sold)
    moved = [[*row[:2], "west", *row[3:]] if place < 2 * number else row for place, row in enumerate(customers())]
    write_csv(files / "customers.csv", CUSTOMERS, moved)


@pytest.fixture(scope="module")
def two_nights(shop: Shop, good_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    files = Path(shutil.copytree(good_files, tmp_path_factory.mktemp("two-nights") / "files"))
    other = shop.copy("two_nights").with_settings(GUANXI_DATA=files)
    _write_day(files, LAST_DAY)
    other.succeed("open", "--run-id", "second", "--as-of", LAST_DAY.isoformat())
    for stage in STAGES:
        other.succeed(*stage.split(), "--run-id", "second")
    return other


def test_a_backfill_of_two_days_is_what_two_nights_published(two_nights: Shop) -> None:
    before = two_nights.state()
    published = _audited(two_nights, is_backfill=False)
    said = two_nights.succeed("backfill", "--from", GOOD_DAY.isoformat(), "--to", LAST_DAY.isoformat())
    again = _audited(two_nights, is_backfill=True)
    assert again == published
    assert [len(marts) for marts in again.values()] == [len(published[GOOD_DAY])] * 2
    assert len(published[GOOD_DAY]) > 50
    assert again[GOOD_DAY] != {mart: again[LAST_DAY][mart] for mart in again[GOOD_DAY]}, "days that differ by nothing"
    nights = two_nights.query("select gen, as_of from ops.runs where not is_backfill and published_at is not null")
    assert {day for _, day in nights} == set(published)
    for gen, day in nights:
        marts = len(published[day])
        assert f"{day}: {marts} of {marts} marts are what generation {gen} published" in said
    assert two_nights.state() == before


def test_days_that_raw_cannot_answer_for_are_refused(shop: Shop) -> None:
    tomorrow = (GOOD_DAY + timedelta(days=1)).isoformat()
    before = shop.query("select run_id from ops.runs")
    said = shop.refused("backfill", "--from", GOOD_DAY.isoformat(), "--to", tomorrow)
    assert f"raw has what was known up to {GOOD_DAY}" in said
    assert f"guanxi nightly --as-of {tomorrow}" in said
    said = shop.refused("backfill", "--from", GOOD_DAY.isoformat(), "--to", "2025-10-01")
    assert "--from not after --to" in said
    assert shop.query("select run_id from ops.runs") == before


def _audited(shop: Shop, *, is_backfill: bool) -> dict[date, dict[str, tuple[int, str]]]:
    """Return rows and checksum of every mart of each day's newest run."""
    found: dict[date, dict[str, tuple[int, str]]] = {}
    for day, mart, count, checksum in shop.query(
        "select r.as_of, a.mart, a.row_count, a.checksum::text from ops.audit a join ops.runs r using (gen)"
        f" where r.is_backfill = {is_backfill} order by r.gen, a.mart"
    ):
        found.setdefault(day, {})[mart] = (count, checksum)
    return found
