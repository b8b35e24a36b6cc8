"""Three nights, and the same three days later from what raw holds: every mart is what it was, to the checksum."""

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

LAST_DAY = GOOD_DAY + timedelta(days=2)
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
def three_nights(shop: Shop, good_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    files = Path(shutil.copytree(good_files, tmp_path_factory.mktemp("three-nights") / "files"))
    other = shop.copy("three_nights").with_settings(GUANXI_DATA=files)
    for day in (GOOD_DAY + timedelta(days=1), LAST_DAY):
        _write_day(files, day)
        other.succeed("open", "--run-id", f"night-{day}", "--as-of", day.isoformat())
        for stage in STAGES:
            other.succeed(*stage.split(), "--run-id", f"night-{day}")
    return other


def test_a_backfill_of_three_days_is_what_three_nights_published(three_nights: Shop) -> None:
    before = three_nights.state()
    published = _audited(three_nights, is_backfill=False)
    said = three_nights.succeed("backfill", "--from", GOOD_DAY.isoformat(), "--to", LAST_DAY.isoformat())
    again = _audited(three_nights, is_backfill=True)
    assert again == published
    assert [len(marts) for marts in again.values()] == [len(published[GOOD_DAY])] * 3
    assert len(published[GOOD_DAY]) > 50
    assert again[GOOD_DAY] != {mart: again[LAST_DAY][mart] for mart in again[GOOD_DAY]}, "days that differ by nothing"
    nights = three_nights.query("select gen, as_of from ops.runs where not is_backfill and published_at is not null")
    assert {day for _, day in nights} == set(published)
    for gen, day in nights:
        marts = len(published[day])
        assert f"{day}: {marts} of {marts} marts are what generation {gen} published" in said
    assert three_nights.state() == before


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
