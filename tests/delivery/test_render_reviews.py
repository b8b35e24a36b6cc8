"""The mail about relationships to review: what it says, how long it is, and that nothing of it runs."""

from __future__ import annotations

import csv
from datetime import date
from email.message import EmailMessage

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from delivery.managers import Language
from delivery.published_reviews import outcomes_in
from delivery.render import fingerprint
from delivery.review_form import SHOWN_LIMIT
from delivery.review_letter import ReviewReason
from tests.conftest import ROOT
from tests.delivery.rendering import HOSTILE, PAYLOADS, Tags, assert_nothing_runs, part, render, workbook
from tests.delivery.reviewing import a_review, review_row

LANGUAGES: tuple[Language, ...] = ("en", "zh")


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_says_who_why_since_when_what_to_do_and_how_to_answer(language: Language) -> None:
    message = render(a_review(language=language))
    for shown in (part(message, "plain"), " ".join(Tags(part(message, "html")).words)):
        for said in (
            "Account 1", "C0001", "The index moved by -12.50 points", "2026-03-01", "Find out why", "56", "2026-01-07",
            {"en": "crm or sheet", "zh": "crm或sheet"}[language], "confirmed", "Put right", "2026-03-31",
            "2026-04-01 05:30 (Europe/Berlin)",
        ):  # fmt: skip
            assert said in shown


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_not_known_is_said_in_words(language: Language) -> None:
    bare = review_row(1, account_name=None, relationship_index=None, last_reviewed_date=None,
                      reasons=(ReviewReason("Stale", "Two people", None, date(2026, 3, 1)),))  # fmt: skip
    message = render(a_review(bare, language=language))
    shown = part(message, "plain")
    assert "1. C0001 (C0001)" in shown
    assert {"en": "never reviewed so far", "zh": "从未评审"}[language] in shown
    assert {"en": "nothing is known yet", "zh": "尚无记录"}[language] in shown
    assert "None" not in shown + part(message, "html")


@pytest.mark.parametrize(
    ("count", "told"),
    [(SHOWN_LIMIT, None), (SHOWN_LIMIT + 1, "And 1 more customer:"), (1020, "And 1,000 more customers:")],
)
def test_a_long_mail_ends_with_how_many_more_and_the_sheet_has_them_all(count: int, told: str | None) -> None:
    why = (ReviewReason("Claims above the evidence", "People: 12" * 8, "Do this" * 10, date(2026, 3, 1)),) * 5
    message = render(a_review(*(review_row(rank, reasons=why) for rank in range(1, count + 1))))
    for shown in (part(message, "plain"), part(message, "html")):
        assert f"C{SHOWN_LIMIT:04d}" in shown
        assert f"C{SHOWN_LIMIT + 1:04d}" not in shown
        assert ("more customer" in shown) is (told is not None)
        assert told is None or told in shown
    assert len(part(message, "html").encode()) < 100_000, "some programs cut a longer one"
    assert workbook(message).worksheets[0].max_row == 5 * count + 1
    assert f"{count:,} of your customers" in str(message["Subject"])


def test_the_sheet_has_a_line_for_each_reason_with_days_as_days() -> None:
    reasons = tuple(ReviewReason(name, name, "x", date(2026, 3, 1)) for name in ("one", "two"))
    sheet = workbook(render(a_review(review_row(1, reasons=reasons)))).worksheets[0]
    rows = [[cell.value for cell in line] for line in sheet.iter_rows(min_row=2)]
    assert [(row[1], row[3]) for row in rows] == [("C0001", "one"), ("C0001", "two")]
    assert sheet["F2"].value.date() == date(2026, 3, 1)
    assert sheet["F2"].number_format == "yyyy-mm-dd"
    assert sheet["H2"].value == pytest.approx(56.4)


@pytest.mark.parametrize("language", LANGUAGES)
def test_rendering_twice_gives_the_same_mail_and_a_copy_says_so(language: Language) -> None:
    letter = a_review(review_row(1), review_row(2), language=language)
    assert fingerprint(render(letter)) == fingerprint(render(letter))
    first, copy = render(letter), render(letter, is_copy=True)
    assert str(copy["Subject"]).endswith(str(first["Subject"]))
    del first["Subject"], copy["Subject"]
    assert first.as_bytes() == copy.as_bytes()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(account=HOSTILE, identifier=HOSTILE, reason=HOSTILE, task=HOSTILE, manager=HOSTILE, trade=HOSTILE)
def test_no_text_of_the_business_is_ever_run(
    account: str, identifier: str, reason: str, task: str, manager: str, trade: str
) -> None:
    def filled(words: tuple[str, ...]) -> EmailMessage:
        a, i, r, t, m, c = words
        why = ReviewReason(r, r, t, date(2026, 3, 1))
        return render(a_review(review_row(1, account_name=a, account_id=i, reasons=(why, why)), name=m, company_name=c))

    raw = filled((account, identifier, reason, task, manager, trade)).as_bytes()
    assert_nothing_runs(raw, filled(("a", "b", "c", "d", "e", "f")))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_known_payload_in_every_place_is_plain_words(payload: str) -> None:
    why = ReviewReason(payload, payload, payload, date(2026, 3, 1))
    row = review_row(1, account_name=payload, account_id=payload, reasons=(why,))
    plain = render(a_review(review_row(1, account_name="a", account_id="b"), name="Ann", company_name="c"))
    assert_nothing_runs(render(a_review(row, name=payload, company_name=payload)).as_bytes(), plain)


def test_the_outcomes_that_a_mail_names_are_those_that_a_source_may_give() -> None:
    contract = yaml.safe_load((ROOT / "sources" / "contracts" / "relationship_reviews.yml").read_text(encoding="utf-8"))
    assert [each.outcome for each in outcomes_in("en")] == contract["columns"]["outcome"]["allowed"]
    assert [each.outcome for each in outcomes_in("zh")] == contract["columns"]["outcome"]["allowed"]


def test_every_reason_of_policy_says_what_to_do_in_both_languages() -> None:
    file = ROOT / "dbt_project" / "seeds" / "policy" / "policy_relationship_review_reasons.csv"
    reasons = list(csv.DictReader(file.open(encoding="utf-8", newline="")))
    assert len(reasons) == 5
    assert [each["reason_code"] for each in reasons if not each["task_en"] or not each["task_zh"]] == []
