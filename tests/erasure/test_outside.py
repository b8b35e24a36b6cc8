"""What lies beside the tables of the warehouse: files, landed rows, pages that wait, notes of stages and of Airflow."""

from __future__ import annotations

import gzip
import json
import zipfile
from email.message import EmailMessage
from pathlib import Path

import psycopg
import pytest

from erasure.files import clean_files, find_files
from erasure.person import Person
from erasure.scheduler import forget_request
from tests.canaries import found_in_database
from tests.erasure.conftest import FIRST, Town
from warehouse.database import Role
from warehouse.errors import Problem

PERSON = Person("crm", "P0815", names=("李伟",), addresses=("li.wei@example.com",))


@pytest.mark.parametrize(
    ("content", "clean"),
    [
        ("row P0815 refused", "row xxxxx refused"),
        ("row P08150 and AP0815 and P0815-1", "row P08150 and AP0815 and P0815-1"),
        ("to li.wei@example.com", "to xxxxxxxxxxxxxxxxxx"),
        ("your manager 李伟", "your manager 李伟"),
        ("李伟, P0815", "xxxxxx, xxxxx"),
        (json.dumps({"who": "李伟", "id": "P0815"}), '{"who": "xxxxxxxxxxxx", "id": "xxxxx"}'),
        ("crm|P0815|language", "crm|xxxxx|language"),
    ],
)
def test_a_file_loses_the_person_and_nothing_else(content: str, clean: str) -> None:
    assert PERSON.masked(content.encode()).decode() == clean


@pytest.mark.parametrize(
    ("content", "clean"),
    [
        ("12 of 300 rows break rules: missing_kind 12 (e.g. 7, 12, 123)",
         "12 of 300 rows break rules: missing_kind 12 (e.g. 7, xx, 123)"),
        ("crm|12 and crm|123", "xxxxxx and crm|123"),
    ],
)  # fmt: skip
def test_a_short_id_is_no_number_of_a_log(content: str, clean: str) -> None:
    assert Person("crm", "12").masked(content.encode()).decode() == clean


def test_files_are_masked_where_they_lie_or_removed(tmp_path: Path) -> None:
    def file(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    letter = EmailMessage()
    letter.set_content("write to 李伟, li.wei@example.com", cte="base64")
    mail, other = file("mail/1.eml", letter.as_bytes()), file("mail/2.eml", b"Subject: nothing\n\nof it")
    assert b"li.wei" not in mail.read_bytes(), "it is packed"
    log = file("runs/one/stage.log", b"extract: P0815 is odd\n")
    packed = file("runs/one/old.gz", gzip.compress(b"P0815"))
    copy = file("runs/one/files-crm-1/people.csv", b"id\nP0815\n").parent
    model = tmp_path / "models" / "a.skops"
    model.parent.mkdir()
    with zipfile.ZipFile(model, "w") as content:
        content.writestr("schema.json", "P0815")
    secret, innocent = file("secrets/role", b"P0815"), file("runs/one/page.html", b"<p>nobody</p>")
    with log.open("ab") as writing:
        found = find_files(tmp_path, PERSON, but={tmp_path / "secrets"})
        assert (found.masked, set(found.removed), found.left) == ((log,), {mail, packed, copy}, (model,))
        clean_files(found, PERSON)
        writing.write(b"goes on\n")
    assert log.read_bytes() == b"extract: xxxxx is odd\ngoes on\n"
    assert [path.exists() for path in (mail, packed, copy)] == [False] * 3
    assert [path.exists() for path in (other, secret, innocent, model)] == [True] * 4
    again = find_files(tmp_path, PERSON, but={tmp_path / "secrets"})
    assert (again.masked, again.removed, again.left) == ((), (), (model,))


def test_what_waits_for_a_merge_goes_where_it_holds_the_person(town: Town) -> None:
    town.shop.extract(FIRST)
    c = town.canaries
    with town.warehouse.connect(Role.LOADER) as loader:
        for schema, words in {
            "landing_7_shop_2": c["id"], "landing_8_other_1": f"see {town.mail}", "landing_9_other_1": "nobody",
            "spool_shop": c["id"], "spool_other": "nobody",
        }.items():  # fmt: skip
            loader.execute(
                f"create schema {schema}; create table {schema}.d1 (row_number bigint, c1 text, c2 text)".encode()
            )
            loader.execute(f"insert into {schema}.d1 values (1, %s, null), (2, null, 'x')".encode(), (words,))
        for source in ("shop", "other"):
            loader.execute(
                "insert into ops.walks (source, dataset, walk, as_of, fingerprint, state)"
                " values (%s, 'd', 'records', '2026-04-01', 'f', %s)",
                (source, json.dumps({"after": c["id"] if source == "shop" else "x"})),
            )
    shown = town.eraser().show(c["id"], "shop")
    erased = town.eraser().erase(c["id"], "shop")
    assert shown.counts == erased.counts
    assert erased.counts["waiting to be merged"] == 3
    with town.warehouse.connect_admin() as connection:
        left = connection.execute("select nspname from pg_namespace where nspname ~ '^(landing|spool)_' order by 1")
        assert [name for (name,) in left] == ["landing_9_other_1", "spool_other"]
        assert connection.execute("select source from ops.walks").fetchall() == [("other",)]
    assert town.found() == []


def test_notes_of_stages_and_files_of_the_home_lose_the_person(town: Town) -> None:
    town.shop.extract(FIRST)
    c = town.canaries
    note = f"2 of 9 rows break rules: missing_kind 2 (e.g. P2, {c['id']}); write to {town.mail}"
    with town.warehouse.connect_admin() as connection:
        connection.execute("update ops.extracts set problem = %s", (note,))
        connection.execute("update ops.stage_runs set note = %s", (note,))
        connection.execute(
            "insert into ops.feedback_documents (reference, channel, told_at, as_of, taken_count, refused_count,"
            " refusals, return_state, taken_at) values ('d', 'mail', now(), now(), 1, 1, %s, 'pending', now())",
            (json.dumps({"label": "a mail", "rows": [{"said": f"GX-1A2B3C4D ask {c['name']}"}]}),),
        )
        connection.execute(
            "insert into ops.feedback (reference, place, row_code, account_id, account_manager_id, told_at, as_of,"
            " channel, outcome_code, note) values ('d', 1, 'GX-', 'A', 'ann', now(), now(), 'mail', 'called', %s)",
            (f"spoke with {c['name']}, who orders in March",),
        )
    (town.home / "run.log").write_text(f"{note} {c['name']}")
    erased = town.eraser().erase(c["id"], "shop")
    assert town.found() == []
    assert (erased.counts["ops.stage_runs"], erased.counts["files: masked"]) == (1, 1)
    assert (erased.counts["ops.feedback"], erased.counts["ops.feedback_documents"]) == (1, 1)
    with town.warehouse.connect_admin() as connection:
        ((noted,),) = connection.execute("select note from ops.feedback").fetchall()
        ((refusals,),) = connection.execute("select refusals from ops.feedback_documents").fetchall()
    assert noted.startswith("spoke with erased-")
    assert noted.endswith(", who orders in March")
    assert json.loads(refusals)["rows"][0]["said"].startswith("GX-1A2B3C4D ask erased-")
    ((told,),) = town.shop.query("select distinct note from ops.stage_runs")
    assert told.startswith("2 of 9 rows break rules: missing_kind 2 (e.g. P2, erased-")


def test_what_was_read_of_a_text_stays_under_another_digest(town: Town) -> None:
    town.shop.extract(FIRST)
    ticket = f"broken\n{town.canaries['ticket']} is broken"
    with town.warehouse.connect_admin() as connection:
        connection.execute("insert into ops.read_texts select md5(%s), 'v1'", (ticket,))
        connection.execute("insert into ops.text_themes select md5(%s), 'quality', 0.9, 'broken'", (ticket,))
        connection.execute("insert into ops.text_names select md5(%s), 'pump'", (ticket,))
    town.eraser().erase(town.canaries["id"], "shop")
    themes = (
        "select k.ticket_id, t.theme_code, n.name, md5(%s) in (select text_digest from ops.read_texts)"
        " from raw.tickets k join ops.text_themes t"
        " on t.text_digest = md5(concat_ws(chr(10), k.subject, k.description))"
        " join ops.text_names n using (text_digest) join ops.read_texts r using (text_digest)"
    )
    with town.warehouse.connect_admin() as connection:
        assert connection.execute(themes.encode(), (ticket,)).fetchall() == [("S1", "quality", "pump", False)]


def test_airflow_forgets_whom_the_dag_was_asked_to_erase(scratch_database: str) -> None:
    asked = {"contact": "P0815", "source": "crm"}
    with psycopg.connect(scratch_database) as connection:
        connection.execute("create table dag_run (dag_id text, conf json); create table log (dag_id text, extra text)")
        for dag in ("erase_personal_data", "nightly"):
            connection.execute("insert into dag_run values (%s, %s)", (dag, json.dumps(asked)))
            connection.execute("insert into log values (%s, %s)", (dag, json.dumps({"conf": asked})))
    assert forget_request(scratch_database.replace("postgresql", "postgresql+psycopg2", 1), PERSON) == 2
    assert forget_request(scratch_database, PERSON) == 0
    with psycopg.connect(scratch_database) as connection:
        notes = connection.execute("select dag_id, conf::text from dag_run order by 1").fetchall()
    assert notes[0] == ("erase_personal_data", "{}")
    assert found_in_database(scratch_database, {"id": "P0815"}) == ["public.dag_run: id", "public.log: id"], (
        "of nightly"
    )


def test_an_airflow_that_does_not_answer_is_told() -> None:
    with pytest.raises(Problem, match="does not answer"):
        forget_request("postgresql://nobody:x@127.0.0.1:9/x", PERSON)
