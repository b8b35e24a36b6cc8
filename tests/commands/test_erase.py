"""A whole night knows a person; erased, nothing of it is left, the numbers stand, and no night brings it back."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.canaries import canary, found_in_database, found_in_folder, found_in_text
from tests.commands.corner_shop import GOOD_DAY, GOOD_RUN, NEXT_DAY, Shop, well_said, write_files
from tests.commands.people_of_the_shop import PERSON, write_company, write_people
from tests.conftest import reachable_folder
from warehouse.embedded import EmbeddedServer
from warehouse.house import with_database
from warehouse.published_tables import RESTRICTED, declared_marts

pytestmark = [pytest.mark.slow, pytest.mark.night, pytest.mark.xdist_group("erase")]

OPTIONS = (("fsync", "off"), ("full_page_writes", "off"))
STAGES = ("extract --source till", "extract --source crm", "check raw", "match", "transform", "score", "check scores",
          "publish")  # fmt: skip
WITH_KEYS = {
    mart.name for mart in declared_marts() if mart.view_schema == RESTRICTED or "contact_key" in dict(mart.columns)
}
WORDS = {name: canary(name) for name in PERSON}


def _night(shop: Shop, run: str, day: str) -> list[str]:
    said = [shop.succeed("open", "--run-id", run, "--as-of", day)]
    return said + [shop.succeed(*stage.split(), "--run-id", run) for stage in STAGES]


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    """The company with one published night, a kept mail and a run folder that name the person."""
    with reachable_folder() as folder:
        home, company = folder / "home", write_company(folder / "company")
        home.mkdir(mode=0o755)
        write_files(company / "till")
        write_people(company, WORDS)
        with EmbeddedServer(home / "postgres", options=OPTIONS).leased() as server_url:
            shop = Shop(home, with_database(server_url, "guanxi_corner_shop")).with_settings(GUANXI_COMPANY=company)
            _night(shop, GOOD_RUN, GOOD_DAY.isoformat())
            letter = EmailMessage()
            letter.set_content(f"call {WORDS['name']}, {WORDS['mail']}@example.com", cte="base64")
            (home / "company" / "corner_shop" / "mail").mkdir(parents=True, exist_ok=True)
            (home / "company" / "corner_shop" / "mail" / "1.eml").write_bytes(letter.as_bytes())
            yield shop


def _found(shop: Shop) -> list[str]:
    in_files = found_in_folder(shop.home, WORDS, but=[shop.home / "postgres" / "data"])
    return found_in_database(shop.database_url, WORDS) + in_files


def _company(shop: Shop) -> Path:
    return Path(dict(shop.settings)["GUANXI_COMPANY"])


def test_from_the_first_search_to_the_next_night(shop: Shop) -> None:
    """One chain, since each night takes a minute."""
    before, found = shop.state(), _found(shop)
    assert {each.split(": ")[1] for each in found} == WORDS.keys()
    assert {"raw.contacts", "pub.dim_contacts", "quarantine.rows"} < {each.split(": ")[0] for each in found}
    asked = ("erase", "--contact", WORDS["id"], "--source", "crm")

    shown = shop.succeed(*asked, "--show")
    assert "what would be reached" in shown
    assert shop.state() == before
    assert _found(shop) == found
    told = well_said(shop.house.run(*asked), status=1)
    assert "add --yes" in told
    assert _found(shop) == found

    done = shop.house.run(*asked, "--yes", "--reason", "asked by letter")
    assert done.returncode == 0, done.stderr
    said = shown + told + done.stdout + done.stderr
    assert "raw.contacts" in done.stdout
    assert found_in_text(said.encode(), WORDS) == [], "not even the erasure says whom"
    assert _found(shop) == []
    after = shop.state()
    assert after.raw_rows == before.raw_rows
    assert {mart: rows for mart, (rows, _) in after.checksums.items()} == {
        mart: rows for mart, (rows, _) in before.checksums.items()
    }
    changed = {mart for mart in after.checksums if after.checksums[mart] != before.checksums[mart]}
    assert changed >= {"dim_contacts", "fct_contact_segments", "fct_interactions", "fct_tickets", "fct_feedback",
                       "fct_opportunities"}  # fmt: skip
    assert changed <= WITH_KEYS, "a mart of customers is what it was"
    assert len(before.checksums) > 50

    # the day built anew from raw: whatever rests on a person's records is what it was for every customer
    again = shop.succeed("backfill", "--from", GOOD_DAY.isoformat())
    assert "marts are what generation 1 published" in again, again

    assert "nothing of it was found since" in shop.succeed(*asked, "--yes")
    write_people(_company(shop), WORDS, more=" and more of it")
    night = "\n".join(_night(shop, "next", NEXT_DAY.isoformat()))
    assert "rows of or about erased persons" in night
    assert found_in_text(night.encode(), WORDS) == []
    assert _found(shop) == []
    assert shop.query("select count(*) from bi_restricted.dim_contacts") == [(10,)]
    at_the_customer = "select count(*), count(contact_name) from bi_restricted.dim_contacts where account_id = 'K01'"
    assert shop.query(at_the_customer) == [(2, 1)]
    assert shop.succeed("rollback", "1").startswith("live generation is now 1")


def test_what_cannot_be_done_is_said_in_four_lines(shop: Shop) -> None:
    stranger = shop.refused("erase", "--contact", "P77", "--yes")
    assert "no source has one of this id" in stranger
    assert "P77" not in stranger.split("next:")[0]
    short = shop.refused("erase", "--contact", "P2", "--also", "Li", "--yes")
    assert "fewer than three letters" in short
    assert "nothing in the warehouse names it" in shop.refused("erase", "--contact", "P77", "--source", "till", "--yes")
