"""The page of a night: what a person sees, what it asks of no other machine, and whom it never names."""

from __future__ import annotations

import re
from datetime import date, timedelta
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import psycopg
import pytest

from operations.index_page import NIGHTS_TOLD, read_index, write_index_page
from operations.next_steps import catalogue, next_steps
from operations.night_page import write_night_page
from operations.plots import outcomes_plot, stages_plot
from operations.reading_night import read_night
from operations.runbook_page import anchors_of, runbook_file
from tests.canaries import canary, found_in_folder, found_in_text
from tests.operations.conftest import DAY, Ledger
from warehouse.commands.report import write_pages
from warehouse.commands.status import as_json_text, tell_night
from warehouse.commands.work import Teller, new_console
from warehouse.company import Company
from warehouse.house import House


class _Page(HTMLParser):
    """Collects what a page asks for, and whether every tag that opens is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src", "xlink:href"}]
        if tag not in {"meta", "br", "link", "img"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _full_night(ledger: Ledger) -> None:
    for number in range(2):
        ledger.night(day=DAY - timedelta(days=2 - number))
        ledger.stage("transform", seconds=20 + number)
    ledger.night()
    ledger.load("payments", new=5, quarantined=1)
    ledger.stage("transform", seconds=21)
    ledger.stage("deliver", state="failed", note="the <b>lists</b> of generation 3\n  seen:     failed: am1")
    ledger.check("raw", kept=False, severity="warning")
    ledger.mail("am1", "failed", error="550 unknown")
    ledger.refused("bad_date_due_date", record_id="P1", seen="31.02.2026", row={"payer": "x"})
    ledger.model()
    for month in (date(2026, 1, 1), date(2026, 2, 1)):
        ledger.outcome(month, churned=20, accounts=100, predicted=0.25, precision=0.4)


def test_the_page_stands_alone_is_escaped_and_is_written_the_same_again(
    ledger: Ledger, publisher: psycopg.Connection, test_company: Company, tmp_path: Path
) -> None:
    _full_night(ledger)
    report = tmp_path / f"night-{DAY}" / "attempt-1" / "checks-raw" / "index.html"
    report.parent.mkdir(parents=True)
    report.write_text("the gate's own page")
    page = write_night_page(read_night(publisher, test_company), tmp_path / f"night-{DAY}")
    written = page.read_bytes()
    read = _Page(written.decode())
    assert read.open == []
    assert not read.tags & {"script", "iframe", "object", "img", "form"}
    assert "<b>lists</b>" not in written.decode()
    assert "&lt;b&gt;lists&lt;/b&gt; of generation 3" in written.decode()
    outside = [link for link in read.links if not link.startswith("#")]
    assert outside
    for link in outside:
        assert "://" not in link
        target, _, anchor = link.partition("#")
        if target != "../index.html":
            assert (page.parent / target).exists(), link
        assert not anchor or f'id="{anchor}"' in (page.parent / target).read_text()
    assert report.resolve() in {(page.parent / link).resolve() for link in outside}
    assert written.decode().count("<svg") == 2, "the stages beside former nights, and what came of the scores"
    for words in (
        "2026-03-31",
        "99.99.9999",
        "am1",
        "已发布",
        "20%",
        "40% of 40",
    ):
        assert words in written.decode(), words
    assert write_night_page(read_night(publisher, test_company), page.parent).read_bytes() == written


def test_a_plot_is_drawn_only_where_there_is_something_to_compare_with(
    ledger: Ledger, publisher: psycopg.Connection, test_company: Company
) -> None:
    ledger.night()
    ledger.stage("transform")
    ledger.outcome(date(2026, 1, 1), churned=2, accounts=10, predicted=0.2, precision=0.3)
    night = read_night(publisher, test_company)
    assert stages_plot(night.stages) is None
    assert outcomes_plot(night.outcomes) is None


CHINESE = "张伟的手机"


def test_no_value_of_a_person_is_on_a_page_in_the_terminal_or_in_the_json(
    ledger: Ledger, house: House, publisher: psycopg.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    planted = {name: canary(name) for name in ("seen", "key", "row", "recipient", "reason", "note", "sample")}
    planted |= {"chinese": CHINESE, "telephone": "13912345678", "cyrillic": "Ольга"}
    ledger.night()
    ledger.stage("deliver", state="failed", note=f"lists: 0 sent\n  seen:     am1 (550 {planted['note']}@mail.example)")
    ledger.stage("extract", part="crm", state="failed", note=f"9 rows (e.g. {planted['sample']}) are refused")
    ledger.refused("bad_date_due_date", record_id=planted["key"], seen=planted["seen"], row={"payer": planted["row"]})
    for number, seen in enumerate((CHINESE, "13912345678", f"Ольга, {CHINESE}")):
        ledger.refused("missing_account_id", record_id=f"P{number}", seen=seen, row={"payer": planted["row"]})
    ledger.mail("am1", "failed", error=f"550 {planted['reason']}", recipient=f"{planted['recipient']}@example.test")
    page, index = write_pages(publisher, house, run_id=f"night-{DAY}")
    night = read_night(publisher, house.company)
    tell_night(night, Teller(new_console()))
    told = capsys.readouterr().out
    assert index.exists()
    for words in ("bad_date_due_date", "missing_account_id"):
        assert words in page.read_text(), "the rows are told of"
        assert words in told
    assert "99999999999" in page.read_text(), "by their shape"
    assert len([each for refusal in night.refusals for each in refusal.samples]) == 4
    assert found_in_folder(house.runs, planted) == []
    assert found_in_text((told + as_json_text(night)).encode(), planted) == []


@pytest.mark.parametrize(
    "value",
    [
        "",
        "31.02.2026",
        "Ann O'Hara",
        "张伟 13912345678",
        "ann@example.test",
        "１２３ full width",
        "Ольга-7",
        "a\nb\t|<>",
        "x" * 60,
    ],
)
def test_a_shape_keeps_digits_as_nines_and_plain_punctuation_and_nothing_else(ledger: Ledger, value: str) -> None:
    row = ledger.connection.execute("select ops.shape_of(%s)", (value,)).fetchone()
    shown = "".join("9" if sign in "0123456789" else sign if sign in " .,:;/()_+-" else "x" for sign in value[:24])
    assert row == (shown + "…" * (len(value) > 24),)


def _say_rejected(ledger: Ledger) -> None:
    ledger.night(state="rejected", note="check raw of tiny")
    ledger.stage("check_raw", state="failed")
    ledger.check("raw", kept=False)


def _say_failed(ledger: Ledger) -> None:
    ledger.night(state="building")
    ledger.stage("score", state="failed", note="the model's file")


def _say_at_work(ledger: Ledger) -> None:
    ledger.night(state="building")
    ledger.stage("extract", part="erp")


def _say_unfinished(ledger: Ledger) -> None:
    ledger.night(state="rejected", note="left unfinished; a later night began")


def _say_held(ledger: Ledger) -> None:
    ledger.night()
    ledger.mail("am1", "held", error="drift: 31 % of bands moved")


def _say_doubt(ledger: Ledger) -> None:
    ledger.night()
    ledger.mail("am1", "unknown", unknown=2)
    ledger.mail("am2", "failed")


def _say_drift(ledger: Ledger) -> None:
    ledger.night()
    ledger.drift("churn_probability", value=0.4, limit=0.2)
    ledger.drift("tenure_days", value=0.4, limit=0.2)


def _say_nothing(ledger: Ledger) -> None:
    ledger.night()
    ledger.mail("am1", "sent")


@pytest.mark.parametrize(
    ("make", "codes", "verdict", "words"),
    [
        (_say_rejected, ["gate"], "failed", "guanxi nightly --as-of 2026-03-31 --run-id night-2026-03-31"),
        (_say_failed, ["failed"], "failed", "Stage score failed"),
        (_say_at_work, ["at_work"], "at_work", "at work at extract erp"),
        (_say_unfinished, ["unfinished"], "failed", "a later one began"),
        (_say_held, ["held"], "published", "31 % of bands moved"),
        (_say_doubt, ["doubt", "refused"], "published", "a third copy is never sent"),
        (_say_drift, ["drift"], "published", "churn_probability is 0.4"),
        (_say_nothing, ["nothing"], "published", "Nothing."),
    ],
)
def test_what_to_do_next_follows_from_what_is_wrong(
    ledger: Ledger, publisher: psycopg.Connection, test_company: Company,
    tmp_path: Path, make: object, codes: list[str], verdict: str, words: str,
) -> None:  # fmt: skip
    assert callable(make)
    make(ledger)
    night = read_night(publisher, test_company)
    steps = next_steps(night)
    assert [step.code for step in steps] == codes
    assert night.verdict == verdict
    assert words in steps[0].text_en
    page = unescape(write_night_page(night, tmp_path / night.run_id).read_text(encoding="utf-8"))
    assert all(step.text_en in page for step in steps)
    assert all(re.search(r"[\u4e00-\u9fff]", step.text_zh) for step in steps)


def test_every_next_step_leads_to_a_heading_of_the_runbook() -> None:
    anchors = anchors_of(runbook_file("nightly").read_text(encoding="utf-8"))
    assert len(catalogue()) > 8
    assert {said["anchor"] for said in catalogue().values()} <= set(anchors)
    assert len(anchors) == len(set(anchors))


def test_the_index_has_the_newest_thirty_nights_and_links_to_their_pages(
    ledger: Ledger, publisher: psycopg.Connection, test_company: Company, tmp_path: Path
) -> None:
    for number in range(NIGHTS_TOLD + 2):
        ledger.night(day=DAY + timedelta(days=number), state="rejected" if number == 30 else "published")
    newest = read_night(publisher, test_company)
    write_night_page(newest, tmp_path / newest.run_id)
    nights = read_index(publisher, tmp_path)
    assert [night.gen for night in nights] == list(range(NIGHTS_TOLD + 2, 2, -1))
    page = _Page(write_index_page(nights, test_company, tmp_path).read_text())
    assert page.open == []
    assert page.links == [f"{newest.run_id}/report.html"]
    assert (nights[0].is_live, nights[1].state) == (True, "rejected")
