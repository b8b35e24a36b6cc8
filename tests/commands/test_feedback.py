"""Answers to the lists, as a person lays them into a folder and reads what is said of them."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from delivery.feedback.crm import row_code
from delivery.mailbox import Mailbox, local_mailbox
from tests.commands.corner_shop import GOOD_DAY, NEXT_DAY, Shop, well_said
from tests.delivery.answering import a_sheet
from tests.delivery.test_feedback_words import a_reply
from tests.night.house_for_nights import NightHouse
from warehouse.commands.feedback import take_in_before_lists
from warehouse.commands.work import Teller
from warehouse.embedded import free_port
from warehouse.house import opened_house
from warehouse.settings import load_settings

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("corner shop")]

COUNTS = "select (select count(*)::int from ops.feedback), (select count(*)::int from ops.feedback_documents)"


@dataclass(frozen=True, slots=True)
class Answered:
    shop: Shop
    folder: Path
    mailbox: Mailbox
    listed: dict[str, list[str]]


@pytest.fixture
def answered(shop: Shop, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Answered]:
    """The published night, a folder that answers are laid into, and a mail server."""
    other = shop.copy(f"answered_{len(request.node.name)}")
    listed: dict[str, list[str]] = {}
    for manager, account in other.query("select account_manager_id, account_id from bi.fct_churn_lists order by 1, 2"):
        listed.setdefault(manager, []).append(account)
    folder = tmp_path / "answers"
    folder.mkdir()
    with local_mailbox(tmp_path / "mails") as mailbox:
        yield Answered(other.with_settings(GUANXI_FEEDBACK_FOLDER=folder), folder, mailbox, listed)


def test_answers_are_looked_at_taken_in_and_the_wrong_ones_go_back(answered: Answered) -> None:
    shop, folder = answered.shop, answered.folder
    mine, others = answered.listed["mei"][0], answered.listed["otto"][0]
    text = f"{row_code('mei', mine)} 已联系，三月下单\n{row_code('otto', others)} lost\n"
    (folder / "reply.eml").write_bytes(a_reply(text, From="mei@example.com"))
    sheet = a_sheet(["row_code", "outcome"], [row_code("otto", others), "Visited"])
    (folder / "otto.xlsx").write_bytes(sheet)
    (folder / "stranger.eml").write_bytes(a_reply(f"{row_code('mei', mine)} lost", From="who@example.net"))

    said = shop.succeed("feedback", "--dry-run")
    assert "would be: feedback: 2 answers taken (1 called, 1 visited) of 3 documents" in said
    assert shop.query(COUNTS) == [(0, 0)]
    assert sorted(each.name for each in folder.iterdir()) == ["otto.xlsx", "reply.eml", "stranger.eml"]

    done = shop.house.run("feedback")
    assert "GUANXI_SMTP_URL is not set" in well_said(done, status=1)
    assert "2 answers taken" in done.stdout
    assert "1 answers refused (1 foreign_code)" in done.stdout
    assert "no account manager that we know" in done.stdout
    assert "@" not in done.stdout + done.stderr, "an address is personal"
    assert "三月" not in done.stdout + done.stderr, "what was written is the manager's"
    told = "feedback: refused answers of mei (1 mails) wait to go back: guanxi feedback sends them"
    assert told in shop.succeed("status")
    assert sorted(str(each.relative_to(folder)) for each in folder.rglob("*.*")) == [
        "done/otto.xlsx", "refused/reply.eml", "refused/stranger.eml",
    ]  # fmt: skip
    assert shop.query(
        "select account_manager_id, account_id, outcome_code, channel, as_of from ops.feedback order by 1"
    ) == [("mei", mine, "called", "mail", GOOD_DAY), ("otto", others, "visited", "sheet", GOOD_DAY)]

    posted = shop.with_settings(GUANXI_SMTP_URL=answered.mailbox.url)
    assert "1 mails with refused answers went back" in posted.succeed("feedback")
    (kept,) = answered.mailbox.mails()
    mail = email.message_from_bytes(kept.read_bytes(), policy=email.policy.default)
    assert [each.addr_spec for each in mail["To"].addresses] == ["mei@example.com"]
    assert "这一行不在您的名单上" in str(mail.get_content())
    assert "feedback:" not in shop.succeed("status"), "nothing waits any more"


def test_a_place_that_cannot_be_read_does_not_keep_the_others_from_being_read(answered: Answered) -> None:
    account = answered.listed["mei"][0]
    (answered.folder / "r.eml").write_bytes(a_reply(f"{row_code('mei', account)} called", From="mei@example.com"))
    shop = answered.shop.with_settings(
        GUANXI_FEEDBACK_IMAP_URL=f"imaps://ann:hush-hush@localhost:{free_port()}/INBOX?timeout=2"
    )
    done = shop.house.run("feedback")
    said = well_said(done, status=1)
    assert "error: mailbox INBOX at localhost:" in said
    assert "1 answers taken" in done.stdout
    assert "hush-hush" not in done.stdout + said


def test_a_night_goes_on_without_a_mailbox_that_does_not_answer_and_one_of_the_past_takes_none_in(
    answered: Answered, capsys: pytest.CaptureFixture[str]
) -> None:
    account = answered.listed["mei"][0]
    (answered.folder / "r.eml").write_bytes(a_reply(f"{row_code('mei', account)} called", From="mei@example.com"))
    shop = answered.shop.with_settings(
        GUANXI_FEEDBACK_IMAP_URL=f"imaps://ann:hush-hush@localhost:{free_port()}/INBOX?timeout=2"
    )
    settings = load_settings({name: each for name, each in shop.house.environment().items() if "GUANXI_" in name})
    with opened_house(settings) as house:
        for as_of in (GOOD_DAY, NEXT_DAY):
            take_in_before_lists(house, Teller(), schema="no_build", as_of=as_of)
            said = capsys.readouterr().out
            assert ("feedback: 1 answers taken (1 called) of 1 documents" in said) is (as_of == NEXT_DAY)
            assert ("feedback: mailbox INBOX at localhost:" in said) is (as_of == NEXT_DAY)
            assert "hush-hush" not in said


def test_without_a_place_or_a_night_it_says_what_to_do(shop: Shop, empty_home: NightHouse) -> None:
    assert "set GUANXI_FEEDBACK_FOLDER" in shop.succeed("feedback")
    empty_home.succeed("status")
    assert "guanxi nightly" in well_said(empty_home.run("feedback"), status=1)
