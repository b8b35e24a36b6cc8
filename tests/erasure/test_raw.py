"""Raw forgets a person in every version, keeps every row, and does not learn of the person again."""

from __future__ import annotations

import re

import pytest

from erasure.erase import UnknownContactError
from tests.erasure.conftest import FIRST, LONG, SECOND, THIRD, Town
from warehouse.erasure_key import ErasureKeyError

PSEUDONYM = re.compile(r"erased-[0-9a-f]{24}")
TABLES = ("contacts", "interactions", "tickets", "survey_responses")


def _rows(town: Town) -> dict[str, list[tuple[object, ...]]]:
    return {table: town.shop.query(f"select * from raw.{table} order by record_id, known_at") for table in TABLES}


def test_every_version_is_erased_and_no_row_is_gone(town: Town) -> None:
    town.shop.extract(FIRST)
    town.write(note=" more", level=2)
    town.shop.extract(SECOND)
    before = _rows(town)
    assert {place.split(":")[1].strip() for place in town.found()} == town.canaries.keys() - {"file"}
    erased = town.eraser().erase(town.canaries["id"], "shop")
    assert town.found() == []
    after = _rows(town)
    assert {table: len(rows) for table, rows in after.items()} == {table: len(rows) for table, rows in before.items()}
    assert erased.counts["raw.contacts"] == 3, "two versions of the person, and the one who reports to it"
    people = town.shop.query(
        "select record_id, contact_id, account_id, contact_name, email, phone, extra, claimed_level from raw.contacts"
        " where account_id = 'K1' and contact_id <> 'P2' order by known_at"
    )
    names = {row[0] for row in people} | {row[1] for row in people}
    assert len(names) == 1
    assert PSEUDONYM.fullmatch(str(names.pop()))
    assert [row[2:] for row in people] == [("K1", None, None, None, None, 3), ("K1", None, None, None, None, 2)]
    (boss,) = town.shop.query("select distinct reports_to_id from raw.contacts where contact_id = 'P2'")
    assert boss == (people[0][0],)


def test_what_others_wrote_keeps_all_but_the_name(town: Town) -> None:
    town.shop.extract(FIRST)
    town.eraser().erase(town.canaries["id"], "shop")
    notes = dict(town.shop.query("select interaction_id, note from raw.interactions"))
    assert re.fullmatch(rf"we spoke of {PSEUDONYM.pattern} at length", notes["T3"])
    assert re.fullmatch(rf"write to {PSEUDONYM.pattern} next time", notes["T4"])
    assert notes["T6"] == "no answer", "what everybody writes is nobody's"
    assert PSEUDONYM.fullmatch(notes["T5"])
    assert notes["T1"] == notes["T2"], "the note of a meeting of two stays one note"
    assert LONG not in notes["T2"]
    ((told,),) = town.shop.query("select comment from raw.survey_responses where survey_response_id = 'A3'")
    assert re.fullmatch(rf"{PSEUDONYM.pattern} told us", told), "of another customer, but nobody else has the name"


def test_a_name_that_others_have_too_is_the_persons_at_its_own_customer_only(town: Town) -> None:
    people = town.shop.data / "people.csv"
    people.write_text(people.read_text() + f"P9,K3,{town.canaries['name']},Buyer,,,p9@example.com,,,2026-03-01\n")
    town.shop.extract(FIRST)
    town.eraser().erase(town.canaries["id"], "shop")
    assert (
        town.shop.query("select interaction_id from raw.interactions where strpos(note, %s) > 0", town.canaries["name"])
        == []
    )
    assert town.found() == ["raw.contacts: name", "raw.survey_responses: name"]


@pytest.mark.parametrize("day", [FIRST, SECOND], ids=["the same day again", "the next day"])
def test_an_unchanged_source_brings_nothing_back(town: Town, day: str) -> None:
    town.shop.extract(FIRST)
    town.eraser().erase(town.canaries["id"], "shop")
    before = _rows(town)
    report = town.shop.extract(day)
    assert [row[:4] + row[5:] for rows in _rows(town).values() for row in rows] == [
        row[:4] + row[5:] for rows in before.values() for row in rows
    ]
    assert town.found() == []
    counts = {each.entity: each for each in report.entities}
    if day == SECOND:
        assert all(each.new + each.changed + each.deleted == 0 for each in counts.values())
    assert counts["contacts"].erased == 2
    assert counts["survey_responses"].erased == 3, "the refused one and the one that names the person too"
    said = "\n".join(report.lines())
    assert "2 rows of or about erased persons" in said
    assert [word for word in town.canaries.values() if word in said] == []


def test_a_changed_source_brings_a_new_version_of_nobody(town: Town) -> None:
    town.shop.extract(FIRST)
    town.eraser().erase(town.canaries["id"], "shop")
    town.canaries["title"] += "2"
    town.write(level=1)
    lines = (town.shop.data / "talks.csv").read_text().splitlines()
    lines[1] = lines[1].replace(LONG, LONG + " and more")
    lines.append(f"T7,K1,{town.canaries['id']},again,{town.canaries['note']} again,2026-04-01")
    (town.shop.data / "talks.csv").write_text("\n".join(lines) + "\n")
    counts = town.shop.counts(SECOND)
    assert (counts["contacts"].changed, counts["contacts"].new, counts["contacts"].deleted) == (1, 0, 0)
    assert (counts["interactions"].changed, counts["interactions"].new) == (1, 1)
    assert town.found() == []
    assert town.shop.query("select count(distinct contact_id) from raw.contacts") == [(3,)]


def test_a_deletion_in_the_source_is_seen_under_the_pseudonym(town: Town) -> None:
    town.shop.extract(FIRST)
    town.eraser().erase(town.canaries["id"], "shop")
    people = (town.shop.data / "people.csv").read_text().splitlines()
    (town.shop.data / "people.csv").write_text("\n".join([people[0], *people[2:]]) + "\n")
    assert town.shop.counts(SECOND)["contacts"].deleted == 1
    assert town.shop.counts(THIRD)["contacts"].deleted == 0
    assert town.found() == []


def test_refused_rows_of_the_person_are_empty_before_and_after(town: Town) -> None:
    town.shop.extract(FIRST)
    town.eraser().erase(town.canaries["id"], "shop")
    query = 'select entity, "row" is null, seen, record_id from quarantine.rows order by entity'
    assert town.shop.query(query) == [("survey_responses", True, None, "A2")]
    town.write(bad="no day")
    town.shop.extract(SECOND)
    contact, *answers = town.shop.query(query)
    assert PSEUDONYM.fullmatch(contact[3])
    assert contact[:3] == ("contacts", True, None)
    assert answers == [("survey_responses", True, None, "A2")] * 2, "of two nights"


def test_a_repeat_finds_nothing_and_a_stranger_is_refused(town: Town) -> None:
    town.shop.extract(FIRST)
    assert town.eraser().source_of(town.canaries["id"], None) == "shop"
    first = town.eraser().erase(town.canaries["id"], "shop")
    assert (first.total > 5, first.earlier) == (True, None)
    assert town.eraser().source_of(town.canaries["id"], None) == "shop", "known by the digest"
    before = _rows(town)
    again = town.eraser().erase(town.canaries["id"], "shop")
    assert (again.total, again.earlier is not None) == (0, True)
    assert _rows(town) == before
    with pytest.raises(UnknownContactError):
        town.eraser().source_of("nobody", None)
    with pytest.raises(UnknownContactError):
        town.eraser().erase("nobody", "shop")
    with town.warehouse.connect_admin() as connection:
        kept = connection.execute("select source, erased_by, reason, counts from ops.erasures").fetchall()
    assert kept == [("shop", "the test", "asked for it", first.counts)]


def test_a_changed_text_that_names_the_person_again_is_found_by_a_word_that_is_given(town: Town) -> None:
    town.shop.extract(FIRST)
    town.eraser().erase(town.canaries["id"], "shop")
    talks = town.shop.data / "talks.csv"
    talks.write_text(talks.read_text().replace("we spoke of", "and again we spoke of"))
    assert town.shop.counts(SECOND)["interactions"].changed == 1
    assert town.found() == ["raw.interactions: name"]
    assert town.eraser().erase(town.canaries["id"], "shop").total == 0
    again = town.eraser(also=(town.canaries["name"],)).erase(town.canaries["id"], "shop")
    assert again.counts == {"raw.interactions": 1}
    assert town.found() == []
    assert town.shop.counts(THIRD)["interactions"].changed == 0
    assert town.found() == []


def test_the_old_rows_are_taken_out_of_the_pages(town: Town) -> None:
    town.shop.extract(FIRST)
    town.eraser().show(town.canaries["id"], "shop")
    query = (
        "select relname, vacuum_count from pg_stat_user_tables"
        " where schemaname = 'raw' and relname in ('contacts', 'products') order by 1"
    )
    with town.warehouse.connect_admin() as connection:
        assert connection.execute(query.encode()).fetchall() == [("contacts", 0), ("products", 0)]
    town.eraser().erase(town.canaries["id"], "shop")
    with town.warehouse.connect_admin() as connection:
        assert connection.execute(query.encode()).fetchall() == [("contacts", 1), ("products", 0)]


def test_showing_changes_nothing_and_tells_the_same(town: Town) -> None:
    town.shop.extract(FIRST)
    before = _rows(town)
    shown = town.eraser().show(town.canaries["id"], "shop")
    assert _rows(town) == before
    assert town.eraser().erase(town.canaries["id"], "shop").counts == shown.counts


def test_under_another_secret_nothing_is_loaded(town: Town) -> None:
    town.shop.extract(FIRST)
    town.eraser().erase(town.canaries["id"], "shop")
    with town.warehouse.connect_admin() as connection:
        connection.execute("update ops.erasures set key_check = 'x'")
    before = _rows(town)
    with pytest.raises(ErasureKeyError, match="secret"):
        town.shop.extract(SECOND)
    with pytest.raises(ErasureKeyError):
        town.eraser().source_of(town.canaries["id"], None)
    assert _rows(town) == before
