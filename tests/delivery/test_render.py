from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from email.message import EmailMessage

import pytest
from hypothesis import HealthCheck, given, settings
from openpyxl.utils.escape import unescape

from delivery.churn_words import percent
from delivery.mailing import CHURN_LISTS, MAILINGS
from delivery.managers import Language
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
        row = list_row(1, account_name=a, account_id=i, reasons=(r, r), play=p, play_steps=p, stage=p, band=r)
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
