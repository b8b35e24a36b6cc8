"""Answers as people write them: outcomes, days, lines and replies."""

from __future__ import annotations

from datetime import UTC, date, datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.feedback.answer import Answer, code_at
from delivery.feedback.days import UnclearDayError, read_day, read_until
from delivery.feedback.outcomes import FILE, FeedbackPolicyError, read_outcomes
from delivery.feedback.quoted import own_lines, words_of
from delivery.feedback.reply import read_reply

TODAY = date(2026, 11, 27)
OUTCOMES = read_outcomes()
A, B = "GX-1A2B3C4D", "GX-0000FFFF"


@pytest.mark.parametrize(
    ("words", "code", "rest"),
    [
        ("called, will order in March", "called", "will order in March"),
        ("CALLED", "called", ""),
        ("Called: no budget", "called", "no budget"),
        ("called, no answer", "not_reached", ""),
        ("callednobody", None, "callednobody"),
        ("not called yet", None, "not called yet"),
        ("call back tomorrow", None, "call back tomorrow"),
        ("offer pending", None, "offer pending"),
        ("offer made", "offer_made", ""),
        ("no_risk", "no_risk", ""),
        ("已联系采购经理，三月下单", "called", "采购经理,三月下单"),
        ("已联系不上", "not_reached", ""),
        ("已联系", "called", ""),
        ("无风险", "no_risk", ""),
        ("流失风险不大", None, "流失风险不大"),
        ("已流失，转向同行", "lost", "转向同行"),
        ("ｃａｌｌｅｄ　ｙｅｓ", "called", "yes"),
        ("暂缓 14 天", "snooze", "14 天"),
        ("not my customer, ask Bob", "wrong_manager", "ask Bob"),
        ("", None, ""),
    ],
)
def test_an_outcome_is_recognised_by_what_an_answer_begins_with(words: str, code: str | None, rest: str) -> None:
    outcome, left = OUTCOMES.begin(words)
    assert (outcome.code if outcome else None, left) == (code, rest)


@given(st.sampled_from([phrase for each in OUTCOMES.every for phrase in each.phrases]), st.text(max_size=40))
def test_every_phrase_of_the_policy_is_recognised_whatever_follows_after_a_comma(phrase: str, note: str) -> None:
    expected = next(each for each in OUTCOMES.every if phrase in each.phrases)
    outcome, _ = OUTCOMES.begin(f"{phrase.upper()};;; {note}")
    assert outcome == expected


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        (("called,Called", "called,Visited"), "also means"),
        (("true,false,,180", "yes,false,,180"), "a number that is none"),
        (("false,true,30,180", "false,true,,180"), "closes and has no snooze_days"),
        (("false,false,14,180", "false,false,999,180"), "beyond"),
        (("snooze,Snooze", "rest,Rest"), "no line of the outcome snooze"),
    ],
)
def test_a_policy_that_cannot_be_used_names_the_line(tmp_path: Path, change: tuple[str, str], seen: str) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert change[0] in text
    (tmp_path / "policy.csv").write_text(text.replace(*change, 1), encoding="utf-8")
    with pytest.raises(FeedbackPolicyError, match=seen):
        read_outcomes(tmp_path / "policy.csv")


@pytest.mark.parametrize(
    ("words", "day", "rest"),
    [
        ("2026-12-01", date(2026, 12, 1), ""),
        ("until 2026/12/1, on holiday", date(2026, 12, 1), "on holiday"),
        ("2026.12.01", date(2026, 12, 1), ""),
        ("2026年12月1日", date(2026, 12, 1), ""),
        ("到2026年12月1日 出差", date(2026, 12, 1), "出差"),
        ("14 days", date(2026, 12, 11), ""),
        ("for 2 weeks please", date(2026, 12, 11), "please"),
        ("1 month", date(2026, 12, 27), ""),
        ("10天", date(2026, 12, 7), ""),
        ("两周", None, "两周"),
        ("3个月", date(2027, 2, 25), ""),
        ("on holiday", "unclear", ""),
        ("they are on holiday", None, "they are on holiday"),
        ("", None, ""),
        ("1.12.2026", "unclear", ""),
        ("12/1", "unclear", ""),
        ("until spring", "unclear", ""),
        ("2026-02-30", "unclear", ""),
        ("2026-13-01", "unclear", ""),
    ],
)
def test_a_day_is_read_where_it_can_be_read_in_one_way_only(words: str, day: date | str | None, rest: str) -> None:
    if day == "unclear":
        with pytest.raises(UnclearDayError):
            read_until(words, today=TODAY)
    else:
        assert read_until(words, today=TODAY) == (day, rest)


@pytest.mark.parametrize("cell", ["soon", "2026-12-01 or later", "1.12.2026", "45992", "-"])
def test_a_cell_for_a_day_holds_a_day_or_nothing(cell: str) -> None:
    assert read_day(" ", today=TODAY) is None
    with pytest.raises(UnclearDayError):
        read_day(cell, today=TODAY)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("GX-1A2B3C4D called", (A, "called")),
        ("gx-1a2b3c4d: called", (A, ": called")),
        ("GX 1A2B3C4D，已联系", (A, ",已联系")),
        ("ＧＸ－１Ａ２Ｂ３Ｃ４Ｄ 已联系", (A, "已联系")),
        ("GX1A2B3C4D", (A, "")),
        ("GX-1A2B3C4DE called", None),
        ("GX-1A2B3C4 called", None),
        ("the code GX-1A2B3C4D", None),
    ],
)
def test_a_code_stands_at_the_beginning(text: str, found: tuple[str, str] | None) -> None:
    assert code_at(text) == found


def a_reply(text: str = f"{A} called", *, html: str | None = None, **headers: str) -> bytes:
    mail = EmailMessage(policy=SMTP)
    values = {
        "From": "Ann <Ann@Example.test>", "To": "lists@example.test", "Message-ID": "<1@example.test>",
        "Date": "Fri, 27 Nov 2026 08:15:00 +0100",
    } | {name.replace("_", "-"): value for name, value in headers.items()}  # fmt: skip
    for name, value in values.items():
        if value:
            mail[name] = value
    if html is None:
        mail.set_content(text)
    else:
        mail.set_content(html, subtype="html")
    return mail.as_bytes()


def answered(content: bytes) -> list[tuple[str | None, str]]:
    return [(each.code, each.words) for each in read_reply(content).answers]


QUOTED = f"{B} lost (this is in the quoted mail)"
REPLIES = {
    "angle brackets": f"{A} called\n\nOn Fri, 27 Nov 2026 at 06:00, Guanxi wrote:\n> {QUOTED}\n>> {QUOTED}\n",
    "broken attribution": f"{A} called\n\nOn Fri, 27 Nov 2026, Guanxi <lists@example.test>\nwrote:\n> {QUOTED}",
    "answers between quotes": f"Hello,\nOn Friday Guanxi wrote:\n> {QUOTED}\n{A} called\n> {QUOTED}\n",
    "unmarked attribution": f"{A} called\n\nOn Friday, 27 Nov, Guanxi wrote:\n\n{QUOTED}\n",
    "original message": f"{A} called\n\n-----Original Message-----\nFrom: Guanxi\n{QUOTED}",
    "outlook": f"{A} called\n\nFrom: Guanxi <lists@example.test>\nSent: Friday\nTo: Ann\n\n{QUOTED}",
    "underscores": f"{A} called\n________________________________\n{QUOTED}",
    "chinese": f"{A} called\n\n在 2026年11月27日，Guanxi 写道：\n\n> {QUOTED}",
    "chinese original": f"{A} called\n\n------------------ 原始邮件 ------------------\n发件人: Guanxi\n{QUOTED}",
    "german": f"{A} called\n\nAm 27.11.2026 um 06:00 schrieb Guanxi:\n> {QUOTED}",
    "signature": f"{A} called\n-- \n{QUOTED}",
}


@pytest.mark.parametrize("text", REPLIES.values(), ids=REPLIES)
def test_what_the_answered_mail_said_is_no_answer(text: str) -> None:
    assert answered(a_reply(text)) == [(A, "called")]
    assert answered(a_reply(text.replace("\n", "\r\n"))) == [(A, "called")]


PAGES = {
    "gmail": f'<div>{A} called</div><div class="gmail_quote">On Friday wrote:<p>{QUOTED}</p></div>',
    "outlook": f"<p>{A} called</p><hr><div id='divRplyFwdMsg'>From: Guanxi</div><p>{QUOTED}</p>",
    "outlook words": f"<head><style>p{{}}</style></head><p>{A}&nbsp;called<o:p/></p><p>From: Guanxi</p><p>{QUOTED}</p>",
    "apple": f"<div>{A} called<br></div><blockquote type='cite'>{QUOTED}</blockquote>",
}


@pytest.mark.parametrize("html", PAGES.values(), ids=PAGES)
def test_a_reply_in_html_is_read_without_what_it_quotes(html: str) -> None:
    assert answered(a_reply(html=html)) == [(A, "called")]


def test_a_reply_is_read_line_by_line_with_its_places() -> None:
    text = f"Hello,\n\n1. {A}: called, will order\n * {B} 暂缓 14 天\nBest regards\nAnn\n"
    document = read_reply(a_reply(text))
    assert document.sender == "ann@example.test"
    assert document.told_at == datetime(2026, 11, 27, 7, 15, tzinfo=UTC)
    assert document.reply_to == "<1@example.test>"
    assert document.answers == (
        Answer(3, A, ": called, will order", said=f"{A} : called, will order"),
        Answer(4, B, "暂缓 14 天", said=f"{B} 暂缓 14 天"),
    )


def test_a_line_that_the_mail_program_broke_is_one_answer() -> None:
    long = "called, they want the new valves but the budget is only open again in the spring, so"
    assert answered(a_reply(f"{A} {long}\nI call again\n\nRegards")) == [(A, f"{long} I call again")]
    assert answered(a_reply(f"{A} called\nRegards")) == [(A, "called")]
    assert answered(a_reply(html=f"<p>{A} {long}</p><p>Regards</p>")) == [(A, long)]


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"Auto_Submitted": "auto-replied"}, "a program"),
        ({"Auto_Submitted": "auto-generated"}, "a program"),
        ({"X_Autoreply": "yes"}, "a program"),
        ({"Precedence": "bulk"}, "a program"),
        ({"Return_Path": "<>"}, "a program"),
        ({"Authentication_Results": "mx.example.test; spf=pass; dmarc=fail"}, "does not trust"),
        ({"From": "a@example.test, b@example.test"}, "one plain address"),
        ({"From": ""}, "one plain address"),
        ({"From": '"x y"@example.test'}, "one plain address"),
    ],
)
def test_what_no_person_sent_is_ignored_and_why_is_told(headers: dict[str, str], why: str) -> None:
    document = read_reply(a_reply(**headers))
    assert document.answers == ()
    assert why in (document.ignored or "")
    assert "@" not in document.label + (document.ignored or ""), "an address is personal"


def test_a_mail_is_the_same_by_its_id_and_sender() -> None:
    first, again = read_reply(a_reply()), read_reply(a_reply(Received="from another server"))
    assert first.reference == again.reference
    assert read_reply(a_reply(From="bob@example.test")).reference != first.reference
    assert read_reply(a_reply(Message_ID="<2@example.test>")).reference != first.reference


def test_a_reply_without_any_code_says_so() -> None:
    assert read_reply(a_reply("I called them all")).problem == "no_answer"
    assert read_reply(a_reply("")).problem == "no_answer"


@pytest.mark.parametrize("message_id", ["<1@x>\r\nBcc: evil@example.test", "no brackets", "<a b@x>", "<>", ""])
def test_an_id_that_is_none_is_never_put_into_a_header(message_id: str) -> None:
    raw = a_reply(Message_ID="").replace(b"To: ", f"Message-ID: {message_id}\r\nTo: ".encode(), 1)
    reply_to = read_reply(raw).reply_to
    assert reply_to is None or "\n" not in reply_to
    assert read_reply(raw).ignored is None


@given(st.binary(max_size=600))
def test_no_mail_can_stop_the_reading(content: bytes) -> None:
    for raw in (content, b"From: a@example.test\r\n" + content, a_reply() + content):
        document = read_reply(raw)
        assert document.channel == "mail"


@given(st.text(max_size=300))
def test_own_lines_never_hold_a_quoted_one(text: str) -> None:
    assert not [line for line in own_lines(text) if line.text.lstrip().startswith(">")]
    assert isinstance(words_of(text), str)
