"""The stage in a real warehouse: decisions as history, day by day, and what a re-run does to them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from identity.match import MatchReport, match_accounts
from identity.policy import MatchPolicyError, read_policy
from tests.identity.cast import POLICY, override, tax_number
from tests.warehouse.nights import open_night
from warehouse import ledger
from warehouse.company import Company, load_company
from warehouse.database import Role, Warehouse
from warehouse.night import FencedError

COMPANY = """
company: tiny
name: {en: Tiny, zh: 小小}
currency: EUR
timezone: Europe/Berlin
sources:
  - {name: erp, kind: files}
  - {name: crm, kind: files, account_ids: own}
"""
FIRST, SECOND, THIRD, FOURTH = (date(2026, 4, day) for day in (1, 2, 3, 4))
ONE = tax_number(1)
KEYS = "select source, source_account_id, account_id, match_rule, decided_date, since_date from ops.account_keys"

Run = Callable[..., MatchReport]


@pytest.fixture
def company(tmp_path: Path) -> Company:
    (tmp_path / "company.yml").write_text(COMPANY, encoding="utf-8")
    return load_company(str(tmp_path))


@pytest.fixture
def admin(warehouse: Warehouse) -> Any:
    with warehouse.connect_admin() as connection:
        connection.autocommit = True
        connection.execute("delete from ops.sources")
        connection.execute("insert into ops.sources values ('erp', 'files', 1), ('crm', 'files', 2)")
        yield connection


@pytest.fixture
def run(warehouse: Warehouse, company: Company, tmp_path: Path) -> Run:
    def run_night(day: date, *, overrides: tuple[Any, ...] = ()) -> MatchReport:
        night = open_night(warehouse, tmp_path, run_id=f"night-{day}", as_of=day)
        policy = dataclasses.replace(POLICY, overrides=overrides)
        with ledger.stage(warehouse, night, "match") as claim:
            return match_accounts(warehouse, claim, company, progress=lambda _: None, policy=policy)

    return run_night


def known(admin: psycopg.Connection, source: str, number: str, day: date, **facts: Any) -> None:
    """Let a version of a record be known on a day."""
    columns = {"account_id": number, **facts}
    names = ", ".join(columns)
    places = ", ".join(["%s"] * len(columns))
    admin.execute(
        f"insert into raw.accounts (source, record_id, content_hash, known_at, gen, {names})"
        f" values (%s, %s, md5(random()::text), %s::timestamp + interval '12 hours', 1, {places})".encode(),
        (source, number, day, *columns.values()),
    )


def keys(admin: psycopg.Connection, day: date) -> dict[str, str]:
    """Return each record's account as a reader of that day was told."""
    rows = admin.execute(
        "select distinct on (source, source_account_id) source, source_account_id, account_id from ops.account_keys"
        " where decided_date <= %s order by source, source_account_id, decided_date desc",
        (day,),
    ).fetchall()
    return {f"{source}:{number}": account for source, number, account in rows}


def test_a_customer_is_merged_split_by_a_person_and_merged_again(admin: Any, run: Run) -> None:
    known(admin, "erp", "1", FIRST, account_name="苏州恒庆汽车零部件有限公司", tax_number=ONE)
    known(admin, "crm", "7", FIRST, account_name="Hengqing")
    report = run(FIRST)
    assert (report.records, report.accounts, report.changes.new) == (2, 2, 2)
    known(admin, "crm", "7", SECOND, account_name="Hengqing", tax_number=ONE)
    assert run(SECOND).changes.moved == 1
    apart = override("different", ("erp", "1"), ("crm", "7"))
    assert run(THIRD, overrides=(apart,)).changes.moved == 1
    assert run(FOURTH).changes.moved == 1
    told = admin.execute(KEYS.encode() + b" where source = 'crm' order by decided_date").fetchall()
    assert told == [
        ("crm", "7", "crm|7", "own_key", FIRST, FIRST),
        ("crm", "7", "1", "tax_number", SECOND, SECOND),
        ("crm", "7", "crm|7", "own_key", THIRD, THIRD),
        ("crm", "7", "1", "tax_number", FOURTH, FOURTH),
    ]
    asked = [keys(admin, day)["crm:7"] for day in (FIRST, SECOND, THIRD, FOURTH)]
    assert asked == ["crm|7", "1", "crm|7", "1"], "a past day is answered as it was then known"


def test_a_day_without_news_adds_no_row_and_a_day_again_replaces_its_own(admin: Any, run: Run) -> None:
    known(admin, "erp", "1", FIRST, account_name="青石茶行", tax_number=ONE)
    known(admin, "crm", "7", FIRST, account_name="青石", tax_number=ONE)
    run(FIRST)
    first = admin.execute(f"{KEYS} order by 1, 2, 5".encode()).fetchall()
    assert len(first) == 2
    changes = run(SECOND).changes
    assert (changes.new, changes.moved, changes.other) == (0, 0, 0)
    assert admin.execute(f"{KEYS} order by 1, 2, 5".encode()).fetchall() == first
    together = admin.execute("select count(*) from ops.account_keys where account_id = '1'").fetchone()
    assert together == (2,)
    run(SECOND, overrides=(override("different", ("erp", "1"), ("crm", "7")),))
    assert keys(admin, SECOND)["crm:7"] == "crm|7"
    run(SECOND)
    assert admin.execute(f"{KEYS} order by 1, 2, 5".encode()).fetchall() == first, "the day was decided anew"


def test_a_record_that_is_gone_keeps_its_account_and_so_do_the_others(admin: Any, run: Run) -> None:
    """The ERP deletes the customer, whose number is the account's key; the CRM still has it."""
    known(admin, "erp", "1", FIRST, account_name="青石茶行", tax_number=ONE)
    known(admin, "crm", "7", FIRST, account_name="青石", tax_number=ONE)
    run(FIRST)
    known(admin, "erp", "1", SECOND, account_name="青石茶行", tax_number=ONE, is_deleted=True)
    known(admin, "crm", "8", SECOND, account_name="青石茶行总店", tax_number=ONE)
    run(SECOND)
    assert keys(admin, SECOND) == {"erp:1": "1", "crm:7": "1", "crm:8": "1"}


def test_what_becomes_known_later_is_not_seen_before(admin: Any, run: Run) -> None:
    known(admin, "erp", "1", THIRD, account_name="青石茶行", tax_number=ONE)
    known(admin, "crm", "7", FIRST, account_name="青石", tax_number=ONE)
    run(FIRST)
    assert keys(admin, FIRST) == {"crm:7": "crm|7"}
    run(THIRD)
    assert keys(admin, THIRD) == {"crm:7": "1", "erp:1": "1"}, "the former key leads to the account by its record"


def test_a_process_that_was_overtaken_writes_nothing(
    admin: Any, warehouse: Warehouse, company: Company, tmp_path: Path
) -> None:
    known(admin, "crm", "7", FIRST, account_name="青石")
    old = open_night(warehouse, tmp_path, run_id="night", as_of=FIRST)

    def match_overtaken() -> None:
        with ledger.stage(warehouse, old, "match") as claim:
            with warehouse.connect(Role.PUBLISHER) as connection:
                connection.execute("select * from ops.open_run('night', %s, 'Europe/Berlin')", (FIRST,))
            match_accounts(warehouse, claim, company, progress=lambda _: None, policy=POLICY)

    with pytest.raises(FencedError):
        match_overtaken()
    assert admin.execute("select count(*) from ops.account_keys").fetchone() == (0,)


HEADER = "verdict,source,account_id,other_source,other_account_id,owner,reason,valid_from,valid_until\n"
GOOD = "same,crm,7,erp,1,Mei,merged in the books,2026-04-02,2026-04-03\n"


def _folder_with(folder: Path, overrides: str) -> Path:
    from identity.policy import FOLDER

    for file in FOLDER.glob("*.csv"):
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "policy_account_overrides.csv").write_text(HEADER + overrides, encoding="utf-8")
    return folder


def test_a_decision_counts_from_its_first_day_to_its_last(tmp_path: Path) -> None:
    folder = _folder_with(tmp_path, GOOD)
    counts = [len(read_policy(day, folder=folder).overrides) for day in (FIRST, SECOND, THIRD, FOURTH)]
    assert counts == [0, 1, 1, 0]


@pytest.mark.parametrize(
    "line",
    [
        GOOD.replace("same", "perhaps"), GOOD.replace("Mei", ""), GOOD.replace("merged in the books", ""),
        GOOD.replace("erp,1", "crm,7"), GOOD.replace("2026-04-02", "2 April"), GOOD.replace("2026-04-03", "soon"),
    ],
    ids=["verdict", "owner", "reason", "one record", "first day", "last day"],
)  # fmt: skip
def test_a_decision_that_cannot_be_read_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    with pytest.raises(MatchPolicyError, match="line 3"):
        read_policy(FIRST, folder=_folder_with(tmp_path, GOOD + line))
