"""A past day beside what was published for it: told apart row by row, and nothing that readers see is touched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest

from tests.warehouse.nights import DAY, ROWS, Hand
from warehouse import ledger
from warehouse.backfill import Difference, differences, end_backfill, published_for
from warehouse.commands import backfill
from warehouse.commands.backfill import BackfillRangeError, build_again, days_to_build
from warehouse.commands.work import Teller
from warehouse.company import load_company
from warehouse.database import Role, Warehouse
from warehouse.errors import Problem
from warehouse.house import House
from warehouse.ledger import NightRunningError
from warehouse.night import FencedError, Night
from warehouse.settings import ROOT, load_settings

NEXT = DAY + timedelta(days=1)


@pytest.fixture
def two_nights(hand: Hand) -> Hand:
    hand.whole("first", mark=1)
    hand.whole("second", mark=2, as_of=NEXT)
    return hand


def _open(core: Warehouse, folder: Path, day: date = DAY, run_id: str = "again") -> Night:
    return ledger.open_backfill(core, run_id=run_id, as_of=day, timezone="UTC", company_id="tiny", runs_folder=folder)


def _compare(core: Warehouse, night: Night) -> list[Difference] | None:
    with core.connect(Role.PUBLISHER) as connection:
        before = published_for(connection, night.as_of)
        return None if before is None else differences(connection, night, before)


def test_the_same_day_again_differs_in_nothing_and_leaves_nothing(
    core: Warehouse, two_nights: Hand, tmp_path: Path
) -> None:
    live = two_nights.live()
    night = _open(core, tmp_path)
    schema = two_nights.build(night, mark=1)
    two_nights.audit(night)
    assert _compare(core, night) == []
    end_backfill(core, night, schema=schema, keep=False, note="the same")
    assert two_nights.live() == live
    assert night.gen not in two_nights.published_rows()
    assert two_nights.state(night) == "rebuilt"
    with core.connect_admin() as connection:
        assert connection.execute("select to_regnamespace(%s)", (schema,)).fetchone() == (None,)


def test_rows_that_only_one_of_the_two_has_are_counted(core: Warehouse, two_nights: Hand, tmp_path: Path) -> None:
    night = _open(core, tmp_path)
    changed = "update fct_account_rfm set net_revenue_amount = 0 where account_id in ('C1', 'C2', 'C3')"
    gone = "delete from dim_accounts where account_id = 'C9'"
    two_nights.build(night, mark=1, also=f"{changed}; {gone}")
    two_nights.audit(night)
    assert _compare(core, night) == [
        Difference("dim_accounts", ROWS - 1, ROWS, 0, 1), Difference("fct_account_rfm", ROWS, ROWS, 3, 3),
    ]  # fmt: skip


def test_what_is_no_longer_kept_is_compared_by_its_checksum(core: Warehouse, two_nights: Hand, tmp_path: Path) -> None:
    two_nights.whole("third", mark=3, as_of=NEXT + timedelta(days=1), keep=2)
    assert two_nights.published_rows().keys() == {2, 3}
    night = _open(core, tmp_path)
    two_nights.build(night, mark=1, also="delete from dim_accounts where account_id = 'C9'")
    two_nights.audit(night)
    (found,) = _compare(core, night) or []
    assert (found.only_now, found.only_before) == (None, None)
    assert found.line() == f"dim_accounts: {ROWS - 1} rows, {ROWS} then; the rows of then are no longer kept"


def test_a_day_without_a_night_has_nothing_to_be_compared_with(
    core: Warehouse, two_nights: Hand, tmp_path: Path
) -> None:
    night = _open(core, tmp_path, DAY - timedelta(days=1))
    two_nights.build(night, mark=0)
    two_nights.audit(night)
    assert _compare(core, night) is None


def test_a_kept_day_is_shown_by_a_rollback_only(core: Warehouse, two_nights: Hand, tmp_path: Path) -> None:
    night = _open(core, tmp_path)
    schema = two_nights.build(night, mark=9)
    two_nights.audit(night)
    end_backfill(core, night, schema=schema, keep=True, note="differs")
    assert two_nights.live()[1] == [2]
    assert f"live generation is now {night.gen}, as of {DAY}" in two_nights.roll_back(night.gen)
    assert two_nights.live() == (night.gen, [9], 4 * ROWS)
    two_nights.roll_back(2)
    assert two_nights.live()[1] == [2]


def test_a_backfill_can_never_be_published(core: Warehouse, two_nights: Hand, tmp_path: Path) -> None:
    night = _open(core, tmp_path, NEXT)
    schema = two_nights.build(night, mark=9)
    two_nights.audit(night)
    end_backfill(core, night, schema=schema, keep=False, note="differs")
    with pytest.raises(Problem, match="rebuilt, not audited"):
        two_nights.publish(night)
    assert two_nights.live()[1] == [2]


def test_a_night_that_is_half_way_is_not_disturbed(core: Warehouse, two_nights: Hand, tmp_path: Path) -> None:
    night = two_nights.open("third", as_of=NEXT + timedelta(days=1))
    with pytest.raises(NightRunningError, match="the night third is half-way"):
        _open(core, tmp_path)
    assert two_nights.state(night) == "building"
    with pytest.raises(NightRunningError, match="a night has this name"):
        _published_name(core, two_nights, night, tmp_path)


def _published_name(core: Warehouse, hand: Hand, night: Night, folder: Path) -> None:
    hand.build(night, mark=3)
    hand.audit(night)
    hand.publish(night)
    _open(core, folder, run_id="third")


def test_a_night_that_begins_takes_over_from_a_backfill(core: Warehouse, two_nights: Hand, tmp_path: Path) -> None:
    night = _open(core, tmp_path)
    schema = two_nights.build(night, mark=1)
    two_nights.audit(night)
    two_nights.open("third", as_of=NEXT + timedelta(days=1))
    assert two_nights.state(night) == "rejected"
    with pytest.raises(psycopg.errors.RaiseException, match="rejected, not audited"):
        end_backfill(core, night, schema=schema, keep=True, note="")
    later = _open_after(core, tmp_path)
    with pytest.raises(FencedError):
        end_backfill(core, night, schema=schema, keep=True, note="")
    assert (later.gen, later.attempt) == (night.gen, 2)


def _open_after(core: Warehouse, folder: Path) -> Night:
    with core.connect_admin() as connection:
        connection.execute("update ops.runs set state = 'rejected' where run_id = 'third'")
    return _open(core, folder)


@pytest.mark.usefixtures("two_nights")
def test_readers_are_told_of_nights_and_not_of_backfills(core: Warehouse, tmp_path: Path) -> None:
    with core.connect_admin() as connection:
        connection.execute("insert into ops.sources values ('erp', 'files', 1)")
    night = _open(core, tmp_path)
    with core.connect_admin() as connection:
        nights = connection.execute("select gen from ops.source_nights order by gen").fetchall()
    assert nights == [(1,), (2,)]
    assert night.gen == 3
    newest = ledger.find_night(core, run_id=None, fence=None, company_id="tiny", runs_folder=tmp_path)
    assert newest.run_id == "second"


def test_the_days_are_those_that_raw_can_answer_for(core: Warehouse, hand: Hand) -> None:
    house = House(load_settings({}), load_company(str(ROOT / "examples" / "simulated")), core, "")
    with pytest.raises(BackfillRangeError, match="no night was published yet"):
        list(days_to_build(house, DAY, DAY))
    hand.whole("first", mark=1, as_of=NEXT)
    week_ago = DAY - timedelta(days=7)
    assert list(days_to_build(house, DAY, NEXT)) == [DAY, NEXT]
    assert list(days_to_build(house, week_ago, week_ago)) == [week_ago]
    with pytest.raises(BackfillRangeError, match=f"known up to {NEXT}"):
        list(days_to_build(house, DAY, NEXT + timedelta(days=1)))
    with pytest.raises(BackfillRangeError, match="the first day is after the last one"):
        list(days_to_build(house, NEXT, DAY))


def test_a_day_on_which_nobody_had_decided_whose_record_is_whose_is_refused(core: Warehouse, hand: Hand) -> None:
    house = House(load_settings({}), load_company(str(ROOT / "examples" / "simulated_own_ids")), core, "")
    hand.whole("first", mark=1, as_of=NEXT)
    with core.connect_admin() as connection:
        connection.execute(
            "insert into ops.account_keys (source, source_account_id, decided_date, gen, account_id, since_date,"
            " match_rule, match_band, reason_en, reason_zh) values"
            " ('crm', '7', %(day)s, 1, 'crm|7', %(day)s, 'own_key', 'single', 'alone', '单独')",
            {"day": DAY},
        )
    assert list(days_to_build(house, DAY, NEXT)) == [DAY, NEXT]
    with pytest.raises(BackfillRangeError, match=f"not decided before {DAY}"):
        list(days_to_build(house, DAY - timedelta(days=1), NEXT))


@pytest.mark.parametrize("spoil", ["", "delete from dim_accounts where account_id = 'C9'"], ids=["equal", "differs"])
@pytest.mark.parametrize("keep", [True, False], ids=["keep", "do not keep"])
def test_the_command_tells_what_differs_and_keeps_only_that(
    core: Warehouse,
    two_nights: Hand,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    spoil: str,
    keep: bool,
) -> None:
    """The stages are a hand's here: what they do of a real day, tests/commands/test_backfill.py looks at."""
    stages = []

    def stage_by_hand(name: str, words: Sequence[str], *_: object) -> None:
        stages.append(name)
        run_id, fence = (words[words.index(word) + 1] for word in ("--run-id", "--fence"))
        night = ledger.find_night(core, run_id=run_id, fence=fence, company_id="tiny", runs_folder=tmp_path)
        if name == "transform":
            two_nights.build(night, mark=1, also=spoil)
        if name == "check_scores":
            two_nights.audit(night)

    monkeypatch.setattr(backfill, "run_stage", stage_by_hand)
    settings = load_settings({"GUANXI_HOME": str(tmp_path)})
    house = House(settings, load_company(str(ROOT / "examples" / "simulated")), core, "")
    build_again(house, DAY, company=None, keep=keep, teller=Teller())
    said = capsys.readouterr().out
    assert stages == ["transform", "check_marts", "score", "check_scores"]
    assert two_nights.live()[:2] == (2, [2])
    if spoil:
        assert f"{DAY}: 1 of 4 marts differ from what generation 1 published" in said
        assert f"dim_accounts: {ROWS - 1} rows, {ROWS} then; 0 only now, 1 only then" in said
    else:
        assert f"{DAY}: 4 of 4 marts are what generation 1 published" in said
    assert ("guanxi rollback 3" in said) == (3 in two_nights.published_rows()) == (bool(spoil) and keep)
