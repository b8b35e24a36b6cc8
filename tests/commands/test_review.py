"""Relationships to review, from the queue to the mail and back: what a person sees and does."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from delivery.mailbox import Mailbox, local_mailbox
from tests.commands.corner_shop import GOOD_DAY, GOOD_RUN, NEXT_DAY, Shop, well_said, write_csv, write_files
from tests.commands.people_of_the_shop import PERSON, write_company, write_people
from tests.conftest import reachable_folder
from tests.night.house_for_nights import NightHouse
from warehouse.embedded import EmbeddedServer
from warehouse.house import with_database
from warehouse.plan import NO_RETRY_STATUS

pytestmark = pytest.mark.slow

REVIEWS = ["id", "customer", "day", "result"]
ANSWERS = ["customer", "outcome", "day", "until"]
OF_NO_LIST = ["K02", "called", f"{GOOD_DAY} 09:00", ""]
NOTES: dict[str, Any] = {
    "name": "notes", "kind": "files", "path": "notes",
    "datasets": {
        "reviews": {"files": "reviews.csv", "mode": "full", "columns": REVIEWS},
        "answers": {"files": "answers.csv", "mode": "full", "columns": ANSWERS},
    },
    "entities": {"list_feedback": {"from": "answers", "fields": {
        "list_feedback_id": "customer", "account_id": "customer", "outcome": "outcome", "told_at": "day",
        "snooze_until_date": "until",
    }}, "relationship_reviews": {"from": "reviews", "fields": {
        "relationship_review_id": "id", "account_id": "customer", "reviewed_at": "day", "outcome": "result",
    }}},
}  # fmt: skip
LISTED = "select account_id from bi.fct_churn_lists where account_manager_id = '{}' order by rank"
STAGES = ("extract", "check raw", "match", "transform", "score", "check scores", "publish")
OPTIONS = (("fsync", "off"), ("full_page_writes", "off"))


@pytest.mark.xdist_group("corner shop")
def test_an_empty_house_has_nothing_to_review_and_says_what_to_do(empty_home: NightHouse) -> None:
    empty_home.succeed("status")
    assert "guanxi nightly" in well_said(empty_home.run("review"), status=1)


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    """The corner shop with a CRM of people and a file of reviews, and one published night."""
    with reachable_folder() as folder:
        home, company = folder / "home", write_company(folder / "company")
        home.mkdir(mode=0o755)
        (company / "notes").mkdir()
        mapping = yaml.safe_load((company / "company.yml").read_text(encoding="utf-8"))
        mapping["sources"].append(NOTES)
        (company / "company.yml").write_text(yaml.safe_dump(mapping, allow_unicode=True), encoding="utf-8")
        write_files(company / "till")
        write_people(company, {word: f"the {word}" for word in PERSON} | {"id": "P1"})
        write_reviews(company, [])
        write_csv(company / "notes" / "answers.csv", ANSWERS, [OF_NO_LIST])
        with EmbeddedServer(home / "postgres", options=OPTIONS).leased() as server_url:
            shop = Shop(home, with_database(server_url, "guanxi_corner_shop")).with_settings(GUANXI_COMPANY=company)
            night(shop, GOOD_RUN, GOOD_DAY)
            yield shop


def write_reviews(company: Path, reviewed: list[str]) -> None:
    """Write the file of reviews: one of long ago, and one of each account that was reviewed on the next day."""
    old = ["V0", "K09", (GOOD_DAY - timedelta(days=400)).isoformat(), "confirmed"]
    new = [[f"V{account}", account, NEXT_DAY.isoformat(), "changed"] for account in reviewed]
    write_csv(company / "notes" / "reviews.csv", REVIEWS, [old, *new])


def night(shop: Shop, run: str, day: date) -> None:
    shop.succeed("open", "--run-id", run, "--as-of", day.isoformat())
    for stage in STAGES:
        shop.succeed(*stage.split(), "--run-id", run)


def queue_of(shop: Shop) -> dict[str, set[str]]:
    rows = shop.query("select account_manager_id, account_id from bi.fct_relationship_review_queue")
    found: dict[str, set[str]] = {}
    for manager, account in rows:
        found.setdefault(manager, set()).add(account)
    return found


def told(mailbox: Mailbox) -> dict[str, str]:
    """Return the text of each manager's one mail, by the manager's address."""
    found: dict[str, str] = {}
    for file in mailbox.mails():
        mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        body = mail.get_body(("plain",))
        assert body is not None
        (address,) = mail["To"].addresses
        assert address.addr_spec not in found, "one mail each"
        found[address.addr_spec] = body.get_content()
    return found


def without_reviews(shop: Shop, folder: Path) -> Shop:
    """Return the same house under a company.yml that maps no reviews."""
    company = Path(dict(shop.settings)["GUANXI_COMPANY"])
    mapping = yaml.safe_load((company / "company.yml").read_text(encoding="utf-8"))
    mapping["sources"] = [source for source in mapping["sources"] if source["name"] != "notes"]
    (folder / "company.yml").write_text(yaml.safe_dump(mapping, allow_unicode=True), encoding="utf-8")
    return shop.with_settings(GUANXI_COMPANY=folder)


@pytest.mark.night
@pytest.mark.timeout(3000)
@pytest.mark.xdist_group("review")
def test_from_the_queue_to_the_mail_and_to_the_review_that_empties_it(shop: Shop, tmp_path: Path) -> None:
    """One chain, since each night takes a minute."""
    waiting = queue_of(shop)
    assert {"mei", "nadia"} <= waiting.keys()
    assert "relationships to review, generation 1" in shop.succeed("review")
    shown = shop.succeed("review", "--manager", "mei")
    assert all(account in shown for account in waiting["mei"])
    assert "mei" in shop.refused("review", "--manager", "somebody"), "it names whom there is something for"

    said = without_reviews(shop, tmp_path).succeed("review", "--mail")
    assert "no source of corner_shop gives relationship_reviews" in said
    assert shop.query("select count(*)::int from ops.outbox where kind = 'relationship_review'") == [(0,)]
    assert "GUANXI_SMTP_URL is not set" in shop.refused("review", "--mail")

    with local_mailbox(tmp_path / "mails") as mailbox:
        posted = shop.with_settings(GUANXI_SMTP_URL=mailbox.url)
        # nadia has no address: hers fails, the others' arrive
        said = posted.refused("review", "--mail", status=NO_RETRY_STATUS)
        assert "failed: nadia" in said
        assert "@" not in said, "an address is personal"
        mails = told(mailbox)
        assert mails.keys() == {f"{manager}@example.com" for manager in waiting if manager != "nadia"}
        accounts = {account for several in waiting.values() for account in several}
        for address, text in mails.items():
            assert {each for each in accounts if f"({each})" in text} == waiting[address.split("@")[0]]
            assert "notes" in text, "where a review is to be entered"
            assert "the name" not in text, "no person is named"
        done = posted.house.run("review", "--mail")
        assert f"{len(mails)} account managers had theirs this week" in done.stdout
        assert told(mailbox).keys() == mails.keys(), "a second run mails nobody twice"

        company = Path(dict(shop.settings)["GUANXI_COMPANY"])
        write_reviews(company, sorted(waiting["mei"]))
        called, foreign = (shop.query(LISTED.format(manager))[0][0] for manager in ("mei", "otto"))
        until = (NEXT_DAY + timedelta(days=9)).isoformat()
        answers = [[called, "已联系", f"{GOOD_DAY} 10:00", until], [foreign, "perhaps", f"{GOOD_DAY} 11:00", ""]]
        write_csv(company / "notes" / "answers.csv", ANSWERS, [OF_NO_LIST, *answers])
        night(shop, "next", NEXT_DAY)
        found = "select account_id, account_manager_id, channel_code, outcome_code, list_date, snoozed_until_date"
        assert shop.query(f"{found} from bi.fct_list_feedback") == [
            (called, "mei", "crm", "called", GOOD_DAY, NEXT_DAY + timedelta(days=9))
        ]
        refused = "select account_manager_id, return_state, refusals::json -> 'rows' -> 0 ->> 'reason'"
        assert shop.query(f"{refused} from ops.feedback_documents where refused_count > 0 order by 1") == [
            ("nadia", "pending", "unknown_code"), ("otto", "pending", "unknown_outcome"),
        ]  # fmt: skip
        left = queue_of(shop)
        assert "mei" not in left, "all of hers were reviewed"
        assert all(waiting[manager] <= left[manager] for manager in waiting.keys() - {"mei"}), "the next day adds some"
        dead = shop.with_settings(GUANXI_SMTP_URL="smtp://127.0.0.1:9")
        said = dead.refused("review", "--mail")
        assert "nothing listens there" in said
        assert "guanxi review --mail again" in said
        waits = "select account_manager_id, state from ops.outbox where gen = 2 and kind = 'relationship_review'"
        assert shop.query(waits) == [("nadia", "pending")], "the others had theirs this week, or have nothing"
