"""Relationships to review, from the queue to the mail and back: what a person sees and does."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml

from delivery.mailbox import local_mailbox
from tests.commands.corner_shop import FOLDER, GOOD_DAY, GOOD_RUN, NEXT_DAY, Shop, well_said, write_csv, write_files
from tests.conftest import reachable_folder
from tests.night.house_for_nights import NightHouse
from warehouse.embedded import EmbeddedServer
from warehouse.house import with_database

pytestmark = pytest.mark.slow
CORNER_SHOP = pytest.mark.xdist_group("corner shop")

REVIEWS = ["id", "customer", "day", "result"]
STAGES = ("extract", "check raw", "match", "transform", "check marts", "score", "check scores", "publish")
OPTIONS = (("fsync", "off"), ("full_page_writes", "off"))


@CORNER_SHOP
def test_an_empty_house_has_nothing_to_review_and_says_what_to_do(empty_home: NightHouse) -> None:
    empty_home.succeed("status")
    assert "guanxi nightly" in well_said(empty_home.run("review"), status=1)


@CORNER_SHOP
def test_a_company_that_no_review_can_come_back_to_is_shown_its_queue_and_mails_nobody(shop: Shop) -> None:
    assert "relationships to review, generation 1" in shop.succeed("review")
    said = shop.succeed("review", "--mail")
    assert "no source of corner_shop gives relationship_reviews" in said
    assert shop.query("select count(*)::int from ops.outbox where kind = 'relationship_review'") == [(0,)]


@CORNER_SHOP
def test_one_managers_accounts_are_shown_with_their_reasons(shop: Shop) -> None:
    ((manager, account),) = shop.query(
        "select account_manager_id, account_id from bi.fct_relationship_review_queue order by 1, 2 limit 1"
    )
    said = shop.succeed("review", "--manager", manager)
    assert account in said
    assert "never" in said
    told = shop.refused("review", "--manager", "nobody")
    assert manager in told, "it names whom there is something for"


@pytest.fixture(scope="module")
def reviewed_shop() -> Iterator[Shop]:
    """The corner shop with a file of reviews, and one published night."""
    with reachable_folder() as folder:
        home, company = folder / "home", folder / "company"
        home.mkdir(mode=0o755)
        (company / "till").mkdir(parents=True)
        (company / "notes").mkdir()
        mapping = yaml.safe_load((FOLDER / "company.yml").read_text(encoding="utf-8"))
        mapping["sources"][0]["path"] = "till"
        mapping["sources"].append({
            "name": "notes", "kind": "files", "path": "notes",
            "datasets": {"reviews": {"files": "reviews.csv", "mode": "full", "columns": REVIEWS}},
            "entities": {"relationship_reviews": {"from": "reviews", "fields": {
                "relationship_review_id": "id", "account_id": "customer", "reviewed_at": "day", "outcome": "result",
            }}},
        })  # fmt: skip
        (company / "company.yml").write_text(yaml.safe_dump(mapping, allow_unicode=True), encoding="utf-8")
        write_files(company / "till")
        write_reviews(company, [])
        with EmbeddedServer(home / "postgres", options=OPTIONS).leased() as server_url:
            shop = Shop(home, with_database(server_url, "guanxi_corner_shop")).with_settings(GUANXI_COMPANY=company)
            night(shop, GOOD_RUN, GOOD_DAY)
            yield shop


def write_reviews(company: Path, reviewed: list[str], *, day: date = GOOD_DAY) -> None:
    """Write the file of reviews: one of long ago, and one of each account that was reviewed on the day."""
    old = ["V0", "K01", (GOOD_DAY - timedelta(days=400)).isoformat(), "confirmed"]
    new = [[f"V{account}", account, day.isoformat(), "changed"] for account in reviewed]
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


@pytest.mark.night
@pytest.mark.xdist_group("review")
def test_from_the_mail_to_the_review_that_empties_the_queue(reviewed_shop: Shop, tmp_path: Path) -> None:
    """One chain, since each night takes a minute."""
    waiting = queue_of(reviewed_shop)
    assert {"mei", "otto"} <= waiting.keys()
    dead = reviewed_shop.with_settings(GUANXI_SMTP_URL="smtp://127.0.0.1:9")
    with local_mailbox(tmp_path / "mails") as mailbox:
        shop = reviewed_shop.with_settings(GUANXI_SMTP_URL=mailbox.url)
        managers = len(waiting)
        # nadia has no address: hers fails, the others' arrive
        said = well_said(shop.house.run("review", "--mail"), status=1)
        assert "failed: nadia" in said
        assert "run guanxi deliver" not in said
        mails = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in mailbox.mails()]
        assert len(mails) == managers - 1
        assert {mail["To"].addresses[0].addr_spec for mail in mails} == {"mei@example.com", "otto@example.com"}
        for mail in mails:
            body = mail.get_body(("plain",))
            assert body is not None
            text = body.get_content()
            shown = {account for accounts in waiting.values() for account in accounts if f"({account})" in text}
            assert shown == waiting[mail["To"].addresses[0].username]
            assert "notes" in text
        again = shop.house.run("review", "--mail")
        assert f"{managers - 1} account managers had theirs this week" in again.stdout
        assert len(mailbox.mails()) == managers - 1

        company = Path(dict(shop.settings)["GUANXI_COMPANY"])
        reviewed = sorted(waiting["mei"])
        write_reviews(company, reviewed)
        night(shop, "next", NEXT_DAY)
        after = queue_of(shop)
        assert "mei" not in after
        assert after["otto"] == waiting["otto"]
        assert "otto" in shop.succeed("review")
        assert "nothing listens there" in well_said(dead.house.run("review", "--mail"), status=1)
        states = "select account_manager_id, state from ops.outbox where gen = 2 and kind = 'relationship_review'"
        assert shop.query(states) == [("nadia", "pending")], "the others had theirs this week"
