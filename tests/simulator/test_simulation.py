"""Writing the company: whole, day by day, again, and not at all."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from simulator import simulate, simulation
from simulator.errors import DayAlreadyPastError, EmptyHistoryError, OtherCompanyError
from tests.simulator.simulated_company import FIRST_DAY, Simulated


def test_day_by_day_is_the_same_company_as_in_one_go(company: Simulated, other_company: Simulated) -> None:
    last = date(2024, 7, 15)
    changed = 0
    for days in range(14, -1, -1):
        changed += sum(company.write(last - timedelta(days=days)).rows_changed.values())
    other_company.write(last)
    assert changed > 0
    assert company.fingerprint() == other_company.fingerprint()


def test_weeks_over_two_new_years_are_the_same_company_as_in_one_go(
    company: Simulated, other_company: Simulated
) -> None:
    """Long enough for purchases to settle and to be left out of later calls, and for costs to be revised twice."""
    last = date(2026, 2, 1)
    day = date(2024, 6, 1)
    while day < last:
        company.write(day, accounts=40)
        day += timedelta(days=31)
    company.write(last, accounts=40)
    other_company.write(last, accounts=40)
    assert company.fingerprint() == other_company.fingerprint()


def test_the_same_day_again_changes_nothing(company: Simulated) -> None:
    company.write(date(2024, 5, 10))
    before, stamps = company.fingerprint(), _stamps(company.folder)
    report = company.write(date(2024, 5, 10))
    assert report.is_repeat
    assert sum(report.rows_added.values()) + sum(report.rows_changed.values()) == 0
    assert company.fingerprint() == before
    assert _stamps(company.folder) == stamps


def test_a_lost_export_comes_back_with_the_same_day(company: Simulated) -> None:
    company.write(date(2024, 5, 10))
    before = company.fingerprint()
    (company.crm / "accounts.csv").unlink()
    company.truth.unlink()
    (company.folder / "truth" / "texts.parquet").unlink()
    company.write(date(2024, 5, 10))
    assert company.fingerprint() == before


def test_what_is_written_does_not_depend_on_the_blocks_it_is_written_in(
    company: Simulated, other_company: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A block is all that a call holds in memory, so a company of any size is written in the same space."""
    company.write(date(2024, 6, 10))
    monkeypatch.setattr(simulation, "_BLOCK", 23)
    monkeypatch.setattr(simulation, "_SALES_BLOCK", 7)
    other_company.write(date(2024, 6, 10))
    mine, theirs = ({name: each_print for name, each_print in each.fingerprint().items() if "parquet" not in name}
                    for each in (company, other_company))  # fmt: skip
    assert len(mine) > 20
    assert mine == theirs
    for name in ("accounts", "attitudes", "campaign_members", "texts"):
        assert sorted(map(str, company.true(name))) == sorted(map(str, other_company.true(name)))


def test_a_later_call_needs_no_first_day(company: Simulated) -> None:
    company.write(date(2024, 5, 10))
    report = company.write(date(2024, 5, 11), first_day=None)
    assert (report.first_day, report.written_after) == (FIRST_DAY, date(2024, 5, 10))


def test_a_company_begins_27_months_before_its_first_day_asked_for(company: Simulated) -> None:
    assert company.write(date(2026, 6, 30), accounts=10, first_day=None).first_day == date(2024, 3, 1)


def test_an_earlier_day_is_refused(company: Simulated) -> None:
    company.write(date(2024, 5, 10))
    before = company.fingerprint()
    with pytest.raises(DayAlreadyPastError, match="2024-05-09"):
        company.write(date(2024, 5, 9))
    assert company.fingerprint() == before


@pytest.mark.parametrize("change", [{"seed": 8}, {"accounts": 61}, {"first_day": date(2024, 3, 2)}])
def test_another_company_is_refused(company: Simulated, change: dict[str, Any]) -> None:
    company.write(date(2024, 5, 10))
    with pytest.raises(OtherCompanyError):
        company.write(date(2024, 5, 11), **change)


@pytest.mark.parametrize(("accounts", "day"), [(0, date(2024, 5, 10)), (10, date(2024, 2, 29))])
def test_a_company_without_accounts_or_days_is_refused(company: Simulated, accounts: int, day: date) -> None:
    with pytest.raises(EmptyHistoryError):
        company.write(day, accounts=accounts)
    assert company.rows("select 1 from pg_namespace where nspname in ('erp', 'crm', 'simulator')") == []


def test_the_first_day_alone_can_be_written(company: Simulated) -> None:
    report = company.write(FIRST_DAY)
    assert report.rows_added["customer"] > 0
    assert company.write(FIRST_DAY + timedelta(days=1)).rows_changed["sales_order"] >= 0


def test_another_seed_is_another_company(company: Simulated, other_company: Simulated) -> None:
    company.write(date(2024, 4, 10))
    other_company.write(date(2024, 4, 10), seed=8)
    mine, theirs = company.fingerprint(), other_company.fingerprint()
    # nobody has lost a tender or a customer yet
    assert [table for table in mine if mine[table] == theirs[table] and mine[table][0]] == []


def test_a_call_that_breaks_leaves_the_day_before(company: Simulated) -> None:
    company.write(date(2024, 5, 10))
    before = company.fingerprint()

    def break_off(_: str) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        simulate(
            erp_url=company.url,
            crm_folder=company.crm,
            truth_file=company.truth,
            as_of=date(2024, 6, 10),
            accounts=60,
            seed=7,
            progress=break_off,
        )
    for part in company.folder.rglob(".*.part"):
        part.unlink()
    assert company.fingerprint() == before


def test_a_reader_may_read_the_erp_and_nothing_else(company: Simulated) -> None:
    with psycopg.connect(company.url, autocommit=True) as connection:
        connection.execute("drop role if exists simulator_test_reader")
        connection.execute("create role simulator_test_reader")
    simulate(
        erp_url=company.url,
        crm_folder=company.crm,
        truth_file=company.truth,
        as_of=date(2024, 3, 5),
        accounts=20,
        seed=7,
        first_day=FIRST_DAY,
        reader_role="simulator_test_reader",
    )
    with psycopg.connect(company.url) as connection:
        connection.execute("set role simulator_test_reader")
        connection.execute("select count(*) from erp.payment")
        connection.execute("select count(*) from crm.contact")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("delete from erp.payment")
        connection.rollback()
        connection.execute("drop owned by simulator_test_reader")
        connection.execute("drop role simulator_test_reader")


def _stamps(folder: Path) -> dict[str, int]:
    return {str(file): file.stat().st_mtime_ns for file in folder.rglob("*.*")}
