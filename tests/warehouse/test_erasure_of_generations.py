"""A person is erased from every generation and build; what was audited can be published and gone back to as before."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from erasure.erase import Eraser, Places
from sources.mapping.contract import load_contracts, raw_table_ddl
from tests.canaries import canary, found_in_database
from tests.warehouse.nights import MARTS, Hand, one, rows_of
from warehouse import ledger
from warehouse.database import OWNER, Role, Warehouse
from warehouse.erasure_key import erasure_key
from warehouse.errors import Problem
from warehouse.ledger import NightRunningError
from warehouse.published_tables import RESTRICTED, Mart, ensure_published_tables

PEOPLE = Mart(
    "dim_contacts",
    tuple((name, "text") for name in (
        "contact_key", "source", "contact_id", "account_id", "contact_name", "email", "reports_to_key")),
    frozenset(),
    RESTRICTED,
)  # fmt: skip
PARTS = Mart(
    "fct_contact_segments", (("contact_segment_key", "text"), ("contact_key", "text")), frozenset(), RESTRICTED
)
TALKS = Mart(
    "fct_interactions",
    (("interaction_key", "text"), ("contact_key", "text"), ("happened_date", "date")),
    frozenset(),
    pieces_by="happened_date",
)
NAME, MAIL = canary("name"), canary("mail")
OTHERS = {mart.name for mart in MARTS}


def _people(contact_id: str) -> str:
    """Tables of a build: the person 12, a namesake of another source, one who reports to it, and others' records 12."""
    return f"""
        create table dim_contacts as select * from (values
            ('crm|{contact_id}', 'crm', '{contact_id}', 'C1', '{NAME}', '{MAIL}', null),
            ('erp|{contact_id}', 'erp', '{contact_id}', 'C9', 'Otto', 'otto@example.com', null),
            ('crm|{contact_id}3', 'crm', '{contact_id}3', 'C1', 'Mei', 'mei@example.com', 'crm|{contact_id}')
        ) as x (contact_key, source, contact_id, account_id, contact_name, email, reports_to_key);
        create table fct_contact_segments as select * from (values
            ('crm|{contact_id}|language|zh', 'crm|{contact_id}'), ('crm|{contact_id}3|language|zh', 'crm|{contact_id}3')
        ) as x (contact_segment_key, contact_key);
        create table fct_interactions as select * from (values
            ('crm|{contact_id}', 'crm|{contact_id}', date '2026-03-02'),
            ('crm|7', 'crm|{contact_id}3', date '2026-03-03'),
            ('crm|8', 'crm|{contact_id}3', date '2026-02-03')
        ) as x (interaction_key, contact_key, happened_date);
        create table stg_raw__interactions as
        select 'crm' as source, '{contact_id}' as contact_id, '7' as interaction_id, 'we spoke of {NAME}' as note;
    """


@pytest.fixture
def company(core: Warehouse) -> Warehouse:
    with core.connect_admin() as connection:
        ensure_published_tables(connection, (*MARTS, PEOPLE, PARTS, TALKS))
        connection.execute(sql.SQL("set local role {}").format(sql.Identifier(OWNER)))
        for contract in load_contracts():
            connection.execute(raw_table_ddl(contract).encode())
        connection.execute(
            "insert into raw.contacts (source, record_id, content_hash, known_at, gen, contact_id, account_id,"
            " contact_name, email) values ('crm', '12', 'x', now(), 1, '12', 'C1', %s, %s)",
            (NAME, MAIL),
        )
    return core


def _eraser(warehouse: Warehouse, folder: Path) -> Eraser:
    (folder / "home").mkdir(exist_ok=True)
    return Eraser(warehouse, Places(folder / "home", frozenset()), by="the test", reason=None)


def _audits(hand: Hand) -> dict[tuple[int, str], tuple[int, int]]:
    with hand.admin.transaction():
        rows = hand.admin.execute("select gen, mart, row_count, checksum from ops.audit").fetchall()
    return {(gen, mart): (count, checksum) for gen, mart, count, checksum in rows}


def _night(hand: Hand, name: str, *, publishes: bool = True) -> int:
    night = hand.open(name)
    hand.build(night, mark=1, also=_people("12"))
    hand.audit(night)
    if publishes:
        hand.publish(night)
    return night.gen


def test_no_generation_and_no_build_holds_the_person(company: Warehouse, hand: Hand, tmp_path: Path) -> None:
    first, second = _night(hand, "one"), _night(hand, "two")
    before = _audits(hand)
    erased = _eraser(company, tmp_path).erase("12", "crm")
    assert found_in_database(company.admin_url, {"name": NAME, "mail": MAIL}) == []
    assert erased.counts["pub.dim_contacts"] == 4, "the person and who reports to it, in two generations"
    assert erased.counts["pub.fct_contact_segments"] == 2
    assert erased.counts["pub.fct_interactions"] == 1, "both generations have the same piece"
    after = _audits(hand)
    changed = {mart for (_, mart), audit in after.items() if audit != before[_, mart]}
    assert changed == {"dim_contacts", "fct_contact_segments", "fct_interactions"}
    assert changed | OTHERS == {mart for _, mart in after}
    assert {key: rows for key, (rows, _) in after.items()} == {key: rows for key, (rows, _) in before.items()}
    with hand.admin.transaction():
        rows = hand.admin.execute(
            "select gen, contact_key, contact_name, reports_to_key from pub.dim_contacts order by gen, contact_name"
        ).fetchall()
        keys = hand.admin.execute("select contact_segment_key from pub.fct_contact_segments where gen = %s", (first,))
        segments = sorted(key for (key,) in keys)
        talked = hand.admin.execute(
            f"select interaction_key, contact_key from {rows_of(TALKS, 'pub')} where gen = 1".encode()
        )
        talks: dict[str, str] = dict(talked.fetchall())
    (person,) = {key for _, key, name, _ in rows if name is None}
    assert re.fullmatch(r"crm\|erased-[0-9a-f]{24}", person)
    assert [row for row in rows if row[0] == second] == [
        (second, "crm|123", "Mei", person),
        (second, "erp|12", "Otto", None),
        (second, person, None, None),
    ]
    assert segments == ["crm|123|language|zh", f"{person}|language|zh"]
    assert talks == {"crm|12": person, "crm|7": "crm|123", "crm|8": "crm|123"}, "interaction 12 is not contact 12"
    third = hand.open("three")
    known_by = f"update fct_interactions set contact_key = '{person}' where contact_key = 'crm|12'"
    hand.build(third, mark=1, also=f"{_people('12')}; {known_by}")
    hand.audit(third)
    hand.publish(third)
    with hand.admin.transaction():
        pieces = hand.admin.execute("select count(*) from ops.pieces where mart = 'fct_interactions'").fetchone()
    assert pieces == (2,), "what is built without the person is what lies there"


def test_a_checksum_after_it_is_what_the_rows_are(company: Warehouse, hand: Hand, tmp_path: Path) -> None:
    _night(hand, "one")
    _night(hand, "two")
    _eraser(company, tmp_path).erase("12", "crm")
    kept = _audits(hand)
    for mart in (PEOPLE, TALKS, next(each for each in MARTS if each.name == "dim_accounts")):
        columns = ", ".join(name for name, _ in mart.stored)
        with hand.admin.transaction():
            rows = hand.admin.execute(
                f"select gen, count(*), sum(hashtextextended(row({columns})::text, 0)::numeric)"
                f" from {rows_of(mart, 'pub')} group by gen".encode()
            ).fetchall()
        assert {(gen, mart.name): (count, checksum) for gen, count, checksum in rows}.items() <= kept.items()
    assert "generation is now 1" in hand.roll_back(1)
    assert hand.live()[0] == 1


def test_what_was_audited_before_can_be_published_after(company: Warehouse, hand: Hand, tmp_path: Path) -> None:
    _night(hand, "one")
    night = hand.open("two")
    hand.build(night, mark=2, also=_people("12"))
    hand.audit(night)
    before = _audits(hand)
    _eraser(company, tmp_path).erase("12", "crm")
    assert _audits(hand)[night.gen, "dim_contacts"] != before[night.gen, "dim_contacts"]
    assert hand.publish(night)["dim_contacts"] == 3
    assert hand.live()[0] == night.gen


def test_a_stage_at_work_refuses_it_and_nothing_is_changed(company: Warehouse, hand: Hand, tmp_path: Path) -> None:
    _night(hand, "one")
    before = _audits(hand)
    night = hand.open("two")
    with (
        ledger.stage(company, night, "extract", "crm"),
        pytest.raises(NightRunningError, match="a night is at work: two") as caught,
    ):
        _eraser(company, tmp_path).erase("12", "crm")
    assert "guanxi status" in caught.value.next_step
    assert _audits(hand) == before
    assert found_in_database(company.admin_url, {"name": NAME}) != []


def test_no_stage_begins_while_it_is_at_work(company: Warehouse, hand: Hand) -> None:
    night = hand.open("one")
    with company.connect(Role.ERASER) as eraser:
        eraser.execute("select * from ops.erase_contact('crm', '12', %s, 'me', null)", (erasure_key(company),))
        hand.checker.execute("set lock_timeout = '200ms'")
        hand.checker.commit()
        with pytest.raises(psycopg.errors.LockNotAvailable):
            hand.claim(night, "check_raw")
        eraser.rollback()
    assert hand.claim(night, "check_raw").number == 1


def test_a_build_of_an_earlier_version_is_told(company: Warehouse, hand: Hand, tmp_path: Path) -> None:
    _night(hand, "one")
    with hand.transformer.transaction():
        hand.transformer.execute("revoke update on build_1_1.dim_contacts from guanxi_owner")
    with pytest.raises(Problem, match="build_1_1") as caught:
        _eraser(company, tmp_path).erase("12", "crm")
    assert "guanxi nightly" in caught.value.next_step


def test_the_eraser_can_call_its_functions_and_touch_no_table(company: Warehouse) -> None:
    with company.connect(Role.ERASER) as eraser:
        eraser.execute("select count(*) from ops.erasures")
        for table in (
            "raw.contacts",
            "pub.dim_contacts",
            "bi.dim_accounts",
            "bi_restricted.dim_contacts",
            "ops.outbox",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), eraser.transaction():
                eraser.execute(f"select count(*) from {table}".encode())


def test_digests_are_hmac_of_the_house_secret(company: Warehouse) -> None:
    import hashlib
    import hmac

    key = hmac.new(company.role_secret.encode(), b"erased persons", hashlib.sha256).digest()
    with company.connect_admin() as connection:
        connection.execute("select set_config('guanxi.erasure_key', %s, true)", (erasure_key(company),))
        digest, text = one(
            connection.execute("select ops.person_digest('crm', '十二'), ops.erased_text('words')").fetchone()
        )
    assert digest == hmac.new(key, "contact|crm|十二".encode(), hashlib.sha256).digest()
    assert text == "erased-" + hmac.new(key, b"text|words", hashlib.sha256).hexdigest()[:24]
