"""Answers are taken in once, checked each, and kept; what is wrong is refused with its reason."""

from __future__ import annotations

import os
import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from delivery.feedback.answer import Document
from delivery.feedback.crm import row_code
from delivery.feedback.folder import BadFeedbackFolderError, FolderInbox
from delivery.feedback.judge import Judge, ListedRow
from delivery.feedback.ledger import FeedbackBusyError, alone
from delivery.feedback.sheet import UnreadableSheetError, read_sheet
from tests.delivery.answering import OUTCOMES, Tray, a_document, a_sheet, code, kept, take_in
from tests.delivery.conftest import AS_OF, NOW, Publisher
from tests.delivery.test_feedback_words import a_reply
from warehouse.company import Company
from warehouse.database import Role, Warehouse

TODAY = AS_OF + timedelta(days=1)
A1, A2, B1 = code("ann", "A1"), code("ann", "A2"), code("bob", "B1")
LATE = NOW + timedelta(days=365)


@pytest.fixture
def gen(publisher: Publisher) -> int:
    """Ann has two customers on her list, Bob has one; Eve stands in for Bob; Cid has left."""
    managers: list[dict[str, Any]] = [
        {"id": "ann"}, {"id": "bob", "language": "zh"}, {"id": "eve"}, {"id": "cid", "is_active": False}
    ]  # fmt: skip
    gen = publisher.publish(managers, {"ann": ["A1", "A2"], "bob": ["B1"]})
    publisher.connection.execute(
        "update pub.dim_account_managers set stands_in_id = 'eve' where account_manager_id = 'bob'"
    )
    publisher.connection.commit()
    return gen


@pytest.mark.usefixtures("gen")
def test_a_code_is_the_same_in_the_database_and_in_the_crm_and_outlives_its_list(publisher: Publisher) -> None:
    publisher.publish([{"id": "ann"}], {"ann": ["A2", "客户，1"]}, as_of=AS_OF + timedelta(days=1))
    rows = publisher.connection.execute("select * from ops.list_rows order by 1, 2").fetchall()
    later = AS_OF + timedelta(days=1)
    assert rows == [
        ("ann", "A1", row_code("ann", "A1"), AS_OF, AS_OF),
        ("ann", "A2", row_code("ann", "A2"), AS_OF, later),
        ("ann", "客户，1", row_code("ann", "客户，1"), later, later),
        ("bob", "B1", row_code("bob", "B1"), AS_OF, AS_OF),
    ]


def test_answers_become_rows_with_outcome_note_and_snooze(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, gen: int
) -> None:
    tray = Tray([a_document((A1, "called, will order in March"), (A2, "snooze 10 days"))])
    intake = take_in(mailer, company, gen, tray)
    assert intake.lines() == ["feedback: 2 answers taken (1 called, 1 snooze) of 1 documents"]
    assert tray.put_away == [("mail 1", True)]
    first, second = kept(publisher)
    assert (first["account_manager_id"], first["account_id"], first["row_code"]) == ("ann", "A1", A1)
    assert (first["outcome_code"], first["note"], first["snoozed_until"]) == ("called", "will order in March", None)
    assert (second["outcome_code"], second["note"]) == ("snooze", None)
    assert second["snoozed_until"] == TODAY + timedelta(days=10)
    assert {each["as_of"] for each in (first, second)} == {AS_OF}
    view = publisher.connection.execute("select * from ops.list_feedback order by 1").fetchall()
    assert view == [
        ("A1", "ann", first["told_at"], "called", "will order in March", None),
        ("A2", "ann", second["told_at"], "snooze", None, second["snoozed_until"]),
    ]


ROWS = {A1: (ListedRow("ann", "A1"),), A2: (ListedRow("ann", "A2"),), B1: (ListedRow("bob", "B1"),)}
JUDGE = Judge(OUTCOMES, ROWS, today=TODAY)
LAST = TODAY + timedelta(days=180)


@pytest.mark.parametrize(
    ("words", "outcome", "days"),
    [
        ("no risk", "no_risk", 90),
        ("已流失", "lost", 180),
        ("ordered", "ordered", 30),
        ("snooze", "snooze", 14),
        ("暂缓 2026-05-01", "snooze", 30),
        (f"snooze {LAST}", "snooze", 180),
        ("called, snooze 5 days", "called", 5),
        ("called; snooze", "called", 14),
        ("visited", "visited", None),
        ("wrong manager, it is Bob's", "wrong_manager", None),
    ],
)
def test_an_outcome_keeps_the_customer_off_the_list_for_as_long_as_policy_or_the_manager_says(
    words: str, outcome: str, days: int | None
) -> None:
    (row,), refused = JUDGE.judge(a_document((A1, words)), frozenset({"ann"}))
    assert refused == []
    assert (row.outcome_code, row.row) == (outcome, ListedRow("ann", "A1"))
    assert row.snoozed_until == (None if days is None else TODAY + timedelta(days=days))


@pytest.mark.parametrize(
    ("row", "words", "reason"),
    [
        ("GX-00000000", "called", "unknown_code"),
        (B1, "called", "foreign_code"),
        (A1, "hello", "unknown_outcome"),
        (A1, "", "empty"),
        (A1, f"snooze {TODAY}", "day_past"),
        (A1, "snooze 2020-01-01", "day_past"),
        (A1, f"snooze {LAST + timedelta(days=1)}", "day_too_far"),
        (A1, "snooze 9999 months", "day_too_far"),
        (A1, "snooze 1.12.2026", "unclear_day"),
        (A1, "snooze until spring", "unclear_day"),
        (A1, "called, snooze until spring", "unclear_day"),
    ],
)
def test_an_answer_that_makes_no_sense_is_refused_and_the_others_are_taken(row: str, words: str, reason: str) -> None:
    document = a_document((row, words), (A2, f"snooze {LAST}"))
    taken, (refused,) = JUDGE.judge(document, frozenset({"ann"}))
    assert (refused.place, refused.reason) == (1, reason)
    assert [each.snoozed_until for each in taken] == [LAST]


def test_a_refusal_is_kept_until_it_has_gone_back(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, gen: int
) -> None:
    tray = Tray([a_document((A1, "hello"), (A2, "called"))])
    intake = take_in(mailer, company, gen, tray)
    assert (intake.taken, intake.refused, intake.reasons) == (1, 1, {"unknown_outcome": 1})
    assert tray.put_away == [("mail 1", False)]
    assert [each["account_id"] for each in kept(publisher)] == ["A2"]
    document = publisher.connection.execute(
        "select account_manager_id, taken_count, refused_count, return_state from ops.feedback_documents"
    ).fetchall()
    assert document == [("ann", 1, 1, "pending")]


def test_two_answers_about_one_row_in_one_mail_are_one_and_a_refusal(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, gen: int
) -> None:
    intake = take_in(mailer, company, gen, Tray([a_document((A1, "called"), (A1, "lost"))]))
    assert intake.reasons == {"twice": 1}
    assert [each["outcome_code"] for each in kept(publisher)] == ["called"]


def test_a_code_that_two_rows_of_a_manager_share_is_refused(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, gen: int
) -> None:
    publisher.connection.execute("update ops.list_rows set row_code = %s", (A1,))
    publisher.connection.commit()
    intake = take_in(mailer, company, gen, Tray([a_document((A1, "called"))]))
    assert intake.reasons == {"ambiguous_code": 1}
    bobs = a_document((A1, "called"), sender="bob@example.test", reference="mail 2")
    assert take_in(mailer, company, gen, Tray([bobs])).taken == 1, "Bob has one of that code alone"
    assert [each["account_id"] for each in kept(publisher)] == ["B1"]


SENDERS = [
    ("ann@example.test", A1, True), ("ANN@Example.Test", A1, True), ("bob@example.test", B1, True),
    ("eve@example.test", B1, True), ("eve@example.test", A1, False), ("bob@example.test", A1, False),
]  # fmt: skip
STRANGERS = ["stranger@example.test", "cid@example.test", "ann@example.test.evil.test"]


def test_a_manager_and_who_stands_in_may_answer_and_nobody_else(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, gen: int
) -> None:
    for number, (sender, row, is_taken) in enumerate(SENDERS):
        document = a_document((row, f"called {number}"), sender=sender, reference=f"mail {number}")
        intake = take_in(mailer, company, gen, Tray([document]))
        assert (intake.taken, intake.refused) == (int(is_taken), int(not is_taken)), sender
    assert {each["account_manager_id"] for each in kept(publisher)} == {"ann", "bob"}, "the rows' own managers"


def test_whoever_is_no_active_manager_is_told_of_and_never_answered(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, gen: int
) -> None:
    for number, sender in enumerate(STRANGERS):
        document = a_document((A1, "called"), ("GX-00000000", "x"), sender=sender, reference=f"mail {number}")
        intake = take_in(mailer, company, gen, Tray([document]))
        assert intake.taken == 0, sender
        told = "\n".join(intake.lines())
        assert "no account manager that we know; nothing was taken and nobody is answered" in told
        assert "@" not in told
    state = "select distinct account_manager_id, return_state, refusals from ops.feedback_documents"
    assert publisher.connection.execute(state).fetchall() == [(None, "none", None)]
    assert kept(publisher) == []


def test_the_same_mail_counts_once_and_the_same_answer_too(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, gen: int
) -> None:
    for number in range(3):
        intake = take_in(mailer, company, gen, Tray([a_document((A1, "called, yes"))]))
        assert (intake.taken, intake.known) == ((1, 0) if number == 0 else (0, 1))
    intake = take_in(mailer, company, gen, Tray([a_document((A1, "Called: yes"), (A2, "visited"), reference="mail 2")]))
    assert (intake.taken, intake.repeated) == (1, 1)
    take_in(mailer, company, gen, Tray([a_document((A1, "lost"), reference="mail 3")]))
    take_in(mailer, company, gen, Tray([a_document((A1, "called, yes"), reference="mail 4")]), now=LATE)
    assert [each["outcome_code"] for each in kept(publisher)] == ["called", "visited", "lost", "called"]


def test_a_field_of_the_crm_that_did_not_change_is_not_told_every_night(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, gen: int
) -> None:
    tray = Tray([a_document((A1, "called"), channel="crm", sender=None, manager_id="ann", reference="crm 1")])
    assert take_in(mailer, company, gen, tray).taken == 1
    assert take_in(mailer, company, gen, tray).lines() == ["feedback: nothing new"]
    assert len(kept(publisher)) == 1


def test_a_trial_tells_the_same_and_keeps_nothing(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, gen: int
) -> None:
    tray = Tray([a_document((A1, "called"), (B1, "lost"))])
    trial = take_in(mailer, company, gen, tray, is_trial=True)
    assert tray.put_away == []
    assert publisher.connection.execute("select count(*) from ops.feedback_documents").fetchone() == (0,)
    assert take_in(mailer, company, gen, tray).lines() == trial.lines()


def test_a_mail_is_never_of_later_than_it_was_taken_in_and_the_newest_answer_is_the_one_written_last(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, gen: int
) -> None:
    take_in(mailer, company, gen, Tray([a_document((A1, "called"), told_at=NOW - timedelta(hours=1))]))
    older = a_document((A1, "visited"), reference="mail 2", told_at=NOW - timedelta(hours=2))
    forged = a_document((A2, "lost"), reference="mail 3", told_at=LATE)
    take_in(mailer, company, gen, Tray([older, forged]))
    newest = "select account_id, outcome_code, told_at from ops.list_feedback order by 1"
    assert publisher.connection.execute(newest).fetchall() == [
        ("A1", "called", NOW - timedelta(hours=1)),
        ("A2", "lost", NOW),
    ]


def test_answers_count_for_the_nights_after_the_list_that_was_live(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, gen: int, warehouse: Warehouse
) -> None:
    take_in(mailer, company, gen, Tray([a_document((A1, "called"))]))
    later = publisher.publish([], {}, as_of=AS_OF + timedelta(days=1))
    with warehouse.connect(Role.SCORER) as scorer:
        counts = [
            scorer.execute("select count(*) from ops.feedback_before(%s)", (each,)).fetchone() for each in (gen, later)
        ]
    assert counts == [(0,), (1,)]


def test_one_process_at_a_time_takes_answers_in(warehouse: Warehouse) -> None:
    with warehouse.connect(Role.MAILER) as one, warehouse.connect(Role.MAILER) as two:
        with alone(one), pytest.raises(FeedbackBusyError), alone(two):
            raise AssertionError
        with alone(two):
            pass


HEADERS = [
    ("row_code", "outcome", "note", "snooze_until"),
    ("Rank", "Code", "Customer", "Outcome", "Note", "Snooze until"),
    ("编码", "结果", "备注", "暂缓至"),
]


@pytest.mark.parametrize("before", [0, 3])
@pytest.mark.parametrize("header", HEADERS, ids=["technical", "english", "chinese"])
def test_a_filled_sheet_is_read_by_the_names_of_its_columns(header: tuple[str, ...], before: int) -> None:
    names = {"Code": "row_code", "编码": "row_code", "Outcome": "outcome", "结果": "outcome", "Note": "note",
             "备注": "note", "Snooze until": "snooze_until", "暂缓至": "snooze_until"}  # fmt: skip
    filled: list[dict[str, Any]] = [
        {"row_code": A1, "outcome": "Called", "note": "=1+1", "snooze_until": date(2026, 5, 1)},
        {"row_code": A2, "Customer": "not answered"},
        {"row_code": B1, "outcome": "暂缓", "snooze_until": "2026-05-02"},
        {"outcome": "lost"},
    ]
    rows = [[row.get(names.get(name, name), "") for name in header] for row in filled]
    rows[0] = ["'=1+1" if cell == "=1+1" else cell for cell in rows[0]]
    answers = read_sheet(a_sheet(header, *rows, before=before))
    assert [(each.place, each.code, each.words, each.snooze) for each in answers] == [
        (before + 2, A1, "Called", "2026-05-01"),
        (before + 4, B1, "暂缓", "2026-05-02"),
        (before + 5, None, "lost", ""),
    ]


NO_SHEETS = {
    "nothing": (b"", "no_sheet"),
    "half a file": (b"PK\x03\x04 no zip", "no_sheet"),
    "other columns": (a_sheet(["a", "b"], [1, 2]), "no_columns"),
    "a cell far below": (a_sheet(HEADERS[0], [A1, "called"], before=20_000), "too_large"),
    "a cell far to the right": (a_sheet([*HEADERS[0], *[""] * 800, "far"], [A1, "called"]), "too_large"),
}


@pytest.mark.parametrize(("content", "reason"), NO_SHEETS.values(), ids=NO_SHEETS)
def test_a_file_that_is_no_filled_sheet_says_why(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableSheetError, match=reason):
        read_sheet(content)


def aged(file: Path, content: bytes, *, hours: int = 1) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    moment = NOW.timestamp() - hours * 3600
    os.utime(file, (moment, moment))
    return file


def left(folder: Path) -> list[str]:
    return sorted(str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file())


def test_a_folder_takes_sheets_and_mails_and_moves_them(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, gen: int, tmp_path: Path
) -> None:
    header = HEADERS[0]
    good = a_sheet(header, [A1, "called", "", ""])
    aged(tmp_path / "good.xlsx", good, hours=5)
    aged(tmp_path / "bob" / "mine.xlsx", a_sheet(header, [B1, "已拜访", "", ""], [A2, "lost", "", ""]), hours=4)
    aged(tmp_path / "both.xlsx", a_sheet(header, [A2, "called", "", ""], [B1, "called", "", ""]), hours=3)
    aged(tmp_path / "nobody" / "mine.xlsx", a_sheet(header, [A2, "called", "", ""]), hours=3)
    aged(tmp_path / "reply.eml", a_reply(f"{A2} visited"), hours=2)
    aged(tmp_path / "broken.xlsx", b"half of a file", hours=2)
    aged(tmp_path / "~$good.xlsx", b"a lock of an office program")
    (tmp_path / "arriving.xlsx").write_bytes(b"PK half of a")
    os.utime(tmp_path / "arriving.xlsx", (NOW.timestamp() - 3, NOW.timestamp() - 3))
    (tmp_path / "link.xlsx").symlink_to("/etc/hostname")
    intake = take_in(mailer, company, gen, FolderInbox(tmp_path, now=NOW))
    assert [(each["account_manager_id"], each["account_id"], each["outcome_code"]) for each in kept(publisher)] == [
        ("ann", "A1", "called"), ("bob", "B1", "visited"), ("ann", "A2", "visited"),
    ]  # fmt: skip
    assert left(tmp_path) == [
        "arriving.xlsx", "done/good.xlsx", "done/reply.eml", "link.xlsx", "refused/bob/mine.xlsx", "refused/both.xlsx",
        "refused/broken.xlsx", "refused/nobody/mine.xlsx", "~$good.xlsx",
    ]  # fmt: skip
    assert intake.reasons == {"foreign_code": 1}
    assert len(intake.strangers) == 3
    aged(tmp_path / "good.xlsx", good)
    again = take_in(mailer, company, gen, FolderInbox(tmp_path, now=NOW))
    assert (again.known, again.taken) == (1, 0)
    assert "done/good_2.xlsx" in left(tmp_path)


def test_a_maildir_is_read_and_its_mails_are_marked_as_seen(
    mailer: psycopg.Connection, company: Company, gen: int, tmp_path: Path
) -> None:
    for name in ("cur", "new", "tmp"):
        (tmp_path / name).mkdir()
    aged(tmp_path / "new" / "17.M1.host", a_reply(f"{A1} called"))
    aged(tmp_path / "cur" / "16.M1.host:2,S", a_reply(f"{A2} lost", Message_ID="<0@example.test>"))
    assert take_in(mailer, company, gen, FolderInbox(tmp_path, now=NOW)).taken == 1
    assert left(tmp_path) == ["cur/16.M1.host:2,S", "cur/17.M1.host:2,S"]


def test_a_file_that_cannot_be_moved_is_told_and_counts_once(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, gen: int, tmp_path: Path
) -> None:
    aged(tmp_path / "reply.eml", a_reply(f"{A1} called"))
    (tmp_path / "done").write_text("no folder")
    with pytest.raises(BadFeedbackFolderError, match="cannot be moved"):
        take_in(mailer, company, gen, FolderInbox(tmp_path, now=NOW))
    (tmp_path / "done").unlink()
    assert take_in(mailer, company, gen, FolderInbox(tmp_path, now=NOW)).known == 1
    assert left(tmp_path) == ["done/reply.eml"]
    assert len(kept(publisher)) == 1


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadFeedbackFolderError, match="no such folder"):
        FolderInbox(tmp_path / "nowhere", now=NOW)


def test_random_answers_never_touch_a_row_of_somebody_else(
    publisher: Publisher, mailer: psycopg.Connection, company: Company
) -> None:
    draw = random.Random(11)
    managers = [f"m{number}" for number in range(8)]
    stands_in = {each: draw.choice([None, *managers]) for each in managers}
    lists = {each: [f"{each}-{number}" for number in range(6)] for each in managers}
    gen = publisher.publish([{"id": each} for each in managers], lists)
    for each, other in stands_in.items():
        publisher.connection.execute(
            "update pub.dim_account_managers set stands_in_id = %s where account_manager_id = %s", (other, each)
        )
    publisher.connection.commit()
    documents: list[Document] = []
    allowed: set[tuple[str, str]] = set()
    for number in range(60):
        sender = draw.choice(managers)
        rows = [(owner := draw.choice(managers), draw.choice(lists[owner])) for _ in range(5)]
        rows = list(dict.fromkeys(rows))
        allowed |= {row for row in rows if row[0] == sender or stands_in[row[0]] == sender}
        answers = [(code(*row), draw.choice(["called", "lost", "snooze 3 days"])) for row in rows]
        documents.append(a_document(*answers, reference=f"mail {number}", sender=f"{sender}@example.test"))
    intake = take_in(mailer, company, gen, Tray(documents))
    found = {(each["account_manager_id"], each["account_id"]) for each in kept(publisher)}
    assert len(allowed) > 20
    assert found == allowed
    assert intake.reasons.keys() == {"foreign_code"}


def test_every_outcome_of_the_policy_has_both_names() -> None:
    assert len(OUTCOMES.every) == 9
    assert all(each.name_en and each.name_zh for each in OUTCOMES.every)
