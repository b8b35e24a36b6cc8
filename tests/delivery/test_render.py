from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from email.message import EmailMessage

import pytest
from hypothesis import HealthCheck, given, settings
from openpyxl.utils.escape import unescape

from delivery.churn_form import SHOWN_LIMIT
from delivery.churn_letter import STATUSES, ListRow, Relationship
from delivery.churn_words import percent
from delivery.mailing import CHURN_LISTS, MAILINGS
from delivery.managers import Language
from delivery.order_chart import bars
from delivery.phrases import phrases_in
from delivery.render import fingerprint
from tests.delivery.conftest import a_letter, list_row
from tests.delivery.rendering import HOSTILE, PAYLOADS, Tags, assert_nothing_runs, part, render, workbook


@pytest.mark.parametrize("language", ["en", "zh"])
def test_rendering_twice_gives_the_same_bytes(language: Language) -> None:
    letter = a_letter(list_row(1), list_row(2), language=language)
    assert render(letter).as_bytes() == render(letter).as_bytes()
    assert fingerprint(render(letter)) == fingerprint(render(letter))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_mail_says_in_its_head_in_which_language_it_is(language: Language) -> None:
    assert render(a_letter(language=language))["Content-Language"] == language


def test_another_list_is_another_mail() -> None:
    assert fingerprint(render(a_letter(list_row(1)))) != fingerprint(render(a_letter(list_row(1, account_id="C9"))))


def test_a_copy_differs_from_the_first_mail_in_its_subject_alone() -> None:
    first, copy = render(a_letter()), render(a_letter(), is_copy=True)
    assert str(copy["Subject"]) == f"(copy) {first['Subject']}"
    del first["Subject"], copy["Subject"]
    assert first.as_bytes() == copy.as_bytes()


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("method", ["model", "recency", "frequency", "overdue", "another"])
def test_a_mail_says_the_day_the_version_and_who_made_the_list(language: Language, method: str) -> None:
    message = render(a_letter(list_row(1, method_code=method), language=language))
    sentence = phrases_in(language, CHURN_LISTS.kind).method(method)
    for text in (part(message, "plain"), "".join(Tags(part(message, "html")).words)):
        assert "2026-03-31" in text
        assert "12" in text
        assert "2026-04-01 05:30 (Europe/Berlin)" in text
        assert sentence in text
    assert "2026-03-31" in str(message["Subject"])


@pytest.mark.parametrize(("days", "is_told"), [(2, False), (3, True), (5000, True)])
def test_old_data_are_told_at_the_top(days: int, is_told: bool) -> None:
    letter = a_letter()
    text = part(render(a_letter(as_of=letter.made_at.date() - timedelta(days=days))), "plain")
    assert ("Careful" in text) is is_told
    assert f"{days:,} days old" in text


@pytest.mark.parametrize("kind", [mailing.kind for mailing in MAILINGS])
def test_each_language_has_every_sentence(kind: str) -> None:
    english, chinese = phrases_in("en", kind), phrases_in("zh", kind)
    optional = {
        "age_one", "age_today", "last_order_one", "last_order_today", "usual_gap_one", "contact_one", "contact_today",
    }  # fmt: skip
    assert set(english.sentences) - optional == set(chinese.sentences) - optional
    assert set(english.columns) == set(chinese.columns)
    assert set(english.methods) == set(chinese.methods)


def test_a_row_with_nothing_known_is_still_told() -> None:
    bare = list_row(
        1, account_name=None, stage=None, abc_class=None, churn_probability=None, expected_loss_amount=None,
        net_revenue_365d_amount=None, days_since_last_order=None, typical_gap_days=None, reasons=(), play=None,
        play_steps=None, band=None, former_probability=None, margin_at_risk_amount=None, order_days=(),
        relationship=None, unfilled_roles_count=None, days_since_last_contact=None, mailed_days_count=0,
        last_mailed_date=None, answer=None, answer_date=None, record_url=None,
    )  # fmt: skip
    message = render(a_letter(bare))
    assert "1. C0001 (C0001)" in part(message, "plain")
    assert "None" not in part(message, "plain") + part(message, "html")
    assert workbook(message).worksheets[0]["D2"].value == "C0001"


@pytest.mark.parametrize(
    ("probability", "text"), [(0.0, "0 %"), (0.004, "<1 %"), (0.625, "62 %"), (0.994, ">99 %"), (1.0, "100 %")]
)
def test_what_is_not_certain_is_never_shown_as_certain(probability: float, text: str) -> None:
    assert percent(probability) == text


def in_four_parts() -> list[ListRow]:
    """A row of each status, in an order that is not that of the mail."""
    return [
        list_row(number, status_code=status, status=f"Part {status}", play=None if status == "recovered" else "Call")
        for number, status in enumerate(reversed(STATUSES), start=1)
    ]


def words_of(message: EmailMessage) -> list[str]:
    return [" ".join(text.split()) for text in (part(message, "plain"), "".join(Tags(part(message, "html")).words))]


def test_a_list_is_read_from_what_is_new_to_who_has_recovered() -> None:
    for text in words_of(render(a_letter(*in_four_parts()))):
        places = [text.index(f"Part {status} (1)") for status in STATUSES]
        assert places == sorted(places)


def test_who_has_recovered_is_not_counted_as_at_risk() -> None:
    well = list_row(1, status_code="recovered", status="Recovered", expected_loss_amount=Decimal(1000))
    mixed = render(a_letter(list_row(2, expected_loss_amount=Decimal(7)), well))
    assert str(mixed["Subject"]) == "Customers at risk, 2026-03-31: 1 for you to look at"
    assert "Expected loss on this list: EUR 7" in part(mixed, "plain")
    good_news = render(a_letter(well))
    assert str(good_news["Subject"]) == "Customers at risk, 2026-03-31: none of yours; some have recovered"
    assert "were on your list and have recovered" in part(good_news, "plain")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_account_is_told_with_all_that_is_known_of_it(language: Language) -> None:
    row = list_row(1, stands_in_for="Bob Li", relationship=Relationship("Organisation", "Vendor", "Supplier", None))
    english = (
        "more likely than not: about 6 of 10 (62 %); was 50 % when last told", "Margin at risk: EUR 2,469",
        "Stage: Declining · class A", "Last order 93 days ago, usually one every 21 days",
        "Organisation: Vendor, to become Supplier; 2 roles of those who decide are unknown",
        "both sides last spoke or wrote 40 days ago",
        "on 3 lists before, last on 2026-03-31; answer of 2026-03-31: Called",
        "for Bob Li, who is away", "No order for 93 days", "What to do: Win-back call", "GX-00000001",
    )  # fmt: skip
    chinese = (
        "流失可能性较大：10 家中约 6 家（62 %）；上次通知时为 50 %", "风险毛利：EUR 2,469", "阶段：Declining · 类别 A",
        "最近一次下单在 93 天前，通常每 21 天一单", "Organisation：现为Vendor，目标为Supplier；决策链中有 2 个角色未知",
        "双方最近一次沟通在 40 天前", "此前上过 3 次名单，最近一次为 2026-03-31；2026-03-31 的反馈：Called",
        "代 Bob Li", "GX-00000001",
    )  # fmt: skip
    for text in words_of(render(a_letter(row, language=language))):
        assert [words for words in (english if language == "en" else chinese) if words not in text] == []


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (0.004, "unlikely: fewer than 1 of 10 (<1 %)"), (0.05, "unlikely: fewer than 1 of 10 (5 %)"),
        (0.0999, "unlikely: about 1 of 10 (10 %)"), (0.1, "less likely: about 1 of 10 (10 %)"),
        (0.6999, "more likely than not: about 7 of 10 (70 %)"), (0.7, "very likely: about 7 of 10 (70 %)"),
        (0.97, "almost certain: nearly 10 of 10 (97 %)"),
    ],
)  # fmt: skip
def test_a_probability_is_told_in_the_words_of_policy_and_as_a_number(probability: float, words: str) -> None:
    text = part(render(a_letter(list_row(1, churn_probability=probability, former_probability=probability))), "plain")
    assert f"Risk: {words}\n" in text.replace("\r\n", "\n")


def test_the_chart_has_a_bar_a_month_and_its_numbers_as_text() -> None:
    counts = (3, 2, 4, 1, 0, 2, 3, 1, 1, 0, 0, 9)
    chart = bars(counts, date(2026, 3, 31))
    assert [bar.count for bar in chart] == list(counts)
    assert (chart[0].month, chart[8].month, chart[9].month, chart[11].month) == (
        "2025-04",
        "2025-12",
        "2026-01",
        "2026-03",
    )
    assert [bar.height for bar in chart] == [9, 6, 12, 3, 1, 6, 9, 3, 3, 1, 1, 28]
    message = render(a_letter(list_row(1, order_days=counts)))
    assert "3 2 4 1 0 2 3 1 1 0 0 9" in part(message, "plain")
    page = part(message, "html")
    assert 'height="28" bgcolor="#2d7d9a"' in page
    assert "2025-04 to 2026-03" in page
    tags = {tag for tag, _ in Tags(page).found}
    assert not tags & {"img", "svg", "script", "style", "link"}, "what mail programs block or drop"


def test_a_page_stays_below_what_gmail_cuts_and_the_text_has_all() -> None:
    rows = [
        list_row(
            number, account_name="客户名称" * 10, reasons=("原因" * 30,) * 3, play_steps="步骤" * 60, play="打法" * 12,
            record_url="https://crm.example.test/accounts/" + "x" * 60,
        )
        for number in range(1, 101)
    ]  # fmt: skip
    message = render(a_letter(*rows, language="zh"))
    assert len(part(message, "html").encode()) < 102_000
    assert sum(f"(C{number:04d})" in part(message, "plain") for number in range(1, 101)) == 100
    assert sum(f"C{number:04d} " in part(message, "html") for number in range(1, 101)) == SHOWN_LIMIT
    assert "另有 40 个客户见电子表格" in part(message, "html")
    assert len(list(workbook(message).worksheets[0].iter_rows())) == 101


@pytest.mark.parametrize(
    ("count", "words"), [(0, ()), (1, ("1 more customer of yours is",)), (7, ("7 more customers",))]
)
def test_who_is_at_risk_and_not_listed_is_counted(count: int, words: tuple[str, ...]) -> None:
    for text in words_of(render(a_letter(unlisted_count=count))):
        assert all(each in text for each in words)
        assert ("not on this list" in text) is bool(words)


def test_a_link_to_the_record_is_there_where_the_company_has_one() -> None:
    (link,) = re.findall(r'<a href="([^"]*)"', part(render(a_letter()), "html"))
    assert link == "https://crm.example.test/accounts/C0001"
    assert "<a " not in part(render(a_letter(list_row(1, record_url=None))), "html")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_sheet_has_room_for_an_answer_in_the_managers_language(language: Language) -> None:
    message = render(a_letter(list_row(1), list_row(2), language=language))
    sheet, about = workbook(message).worksheets
    columns = phrases_in(language, CHURN_LISTS.kind).columns
    header = [cell.value for cell in sheet[1]]
    places = {name: header.index(columns[name]) for name in ("row_code", "outcome", "note", "snooze_until")}
    assert [sheet[line][places["row_code"]].value for line in (2, 3)] == ["GX-00000001", "GX-00000002"]
    assert {sheet[line][places[name]].value for line in (2, 3) for name in ("outcome", "note", "snooze_until")} == {
        None
    }
    assert sheet[2][places["snooze_until"]].number_format == "yyyy-mm-dd"
    (rule,) = sheet.data_validations.dataValidation
    letter = sheet[1][places["outcome"]].column_letter
    assert (str(rule.sqref), rule.type) == (f"{letter}2:{letter}3", "list")
    assert rule.formula1 == f"'{about.title}'!$D$1:$D$2"
    assert [about["D1"].value, about["D2"].value] == list(a_letter(language=language).outcomes)


def test_where_no_answer_can_come_in_nobody_is_asked_for_one() -> None:
    asked = render(a_letter(list_row(1, answer=None)))
    message = render(a_letter(list_row(1, answer=None, is_asked=False), outcomes=()))
    for text, other in zip(words_of(message), words_of(asked), strict=True):
        assert "on 3 lists before" in text
        assert not [each for each in ("How to answer", "no answer yet", "reply with a line") if each in text]
        assert "How to answer" in other
    sheet, about = workbook(message).worksheets
    columns = phrases_in("en", CHURN_LISTS.kind).columns
    assert not {columns[name] for name in ("outcome", "note", "snooze_until")} & {cell.value for cell in sheet[1]}
    assert columns["row_code"] in {cell.value for cell in sheet[1]}
    assert not sheet.data_validations.dataValidation
    assert "How to answer" not in {cell.value for cell in about["A"]}


def test_the_sheet_holds_the_list_with_numbers_as_numbers() -> None:
    message = render(a_letter(list_row(1), list_row(2)))
    sheet = workbook(message).worksheets[0]
    assert sheet.freeze_panes == "D2"
    assert sheet.auto_filter.ref == "A1:AD3"
    header = [cell.value for cell in sheet[1]]
    row = dict(zip(header, sheet[2], strict=True))
    assert row["Expected loss (EUR)"].value == pytest.approx(1234.56)
    assert row["Expected loss (EUR)"].number_format == "#,##0"
    assert row["Risk"].value == pytest.approx(0.625)
    assert row["Risk"].number_format == "0%"
    assert row["Customer ID"].value == "C0001"
    (attachment,) = message.iter_attachments()
    assert attachment.get_filename() == "tiny_churn_list_2026-03-31.xlsx"


def test_an_id_of_digits_keeps_its_leading_zeros() -> None:
    sheet = workbook(render(a_letter(list_row(1, account_id="00123")))).worksheets[0]
    assert sheet["D2"].value == "00123"


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(account=HOSTILE, identifier=HOSTILE, reason=HOSTILE, play=HOSTILE, manager=HOSTILE, trade=HOSTILE)
def test_no_text_of_the_business_is_ever_run(
    account: str, identifier: str, reason: str, play: str, manager: str, trade: str
) -> None:
    def filled(words: tuple[str, ...]) -> EmailMessage:
        a, i, r, p, m, t = words
        row = list_row(
            1, account_name=a, account_id=i, reasons=(r, r), play=p, play_steps=p, stage=p, band=r, status=p,
            stands_in_for=a, answer=r, relationship=Relationship(side=p, level=r, target=a, gap=None),
        )  # fmt: skip
        return render(a_letter(row, name=m, company_name=t))

    raw = filled((account, identifier, reason, play, manager, trade)).as_bytes()
    assert_nothing_runs(raw, filled(("a", "b", "c", "d", "e", "f")))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_known_payload_reaches_the_reader_as_plain_words(payload: str) -> None:
    message = render(a_letter(list_row(1, account_name=payload)))
    shown = workbook(message).worksheets[0]["C2"].value
    kept = " ".join("".join(" " if each in "\r\n\t\x0b\x00\x85\u2028" else each for each in payload).split())
    # openpyxl reads `_x0041_` as it is stored, a spreadsheet as it is meant
    assert unescape(shown or "").strip() == kept.replace("\u202e", "")


def test_an_amount_is_rounded_and_grouped() -> None:
    text = part(render(a_letter(list_row(1, expected_loss_amount=Decimal("1234567.50")))), "plain")
    assert "EUR 1,234,568" in text


@pytest.mark.parametrize("address", ["a@x.test, evil@y.test", "Ann <a@x.test>", ""])
def test_a_mail_to_what_is_not_one_address_is_not_made(address: str) -> None:
    with pytest.raises(ValueError, match="not one plain"):
        render(a_letter(), recipient=address)
