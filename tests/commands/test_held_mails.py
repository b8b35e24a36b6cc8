"""What a person sees of lists that are held, and what the two commands do about them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from delivery.mailbox import Mailbox, local_mailbox
from tests.commands.corner_shop import GOOD_RUN, Shop

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("corner shop")]

# what a publication does when the night carried the till forward
HOLD = """
    update pub.dim_sources set is_stale = true, delivered_through_date = '2025-10-29', stale_days = 2;
    delete from ops.outbox where recipient is null;
    select ops.enqueue_mails(1)
"""
WHY = "source till is as of 2025-10-29"


@dataclass(frozen=True, slots=True)
class Post:
    shop: Shop
    mailbox: Mailbox

    def states(self) -> list[tuple[str, int]]:
        return self.shop.query("select state, count(*)::int from ops.outbox group by state order by 1")


@pytest.fixture
def post(shop: Shop, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Post]:
    """The published night, with its lists held, and a mail server."""
    other = shop.copy(f"held_{request.node.name.split('_')[1]}")
    with other.warehouse.connect_admin() as connection:
        connection.execute("update pub.dim_account_managers set email = 'nadia@example.com' where email is null")
        connection.execute(HOLD.encode())
    with local_mailbox(tmp_path / "mails") as mailbox:
        yield Post(other.with_settings(GUANXI_SMTP_URL=mailbox.url), mailbox)


def test_delivering_ends_well_and_tells_of_held_lists_and_release_sends_them(post: Post) -> None:
    said = post.shop.succeed("deliver", "--run-id", GOOD_RUN)
    assert f"3 lists of generation 1 held, no mail sent: {WHY}" in said
    assert post.mailbox.mails() == []
    assert f"held: 3 lists of generation 1 held, no mail sent: {WHY}" in post.shop.succeed("status")
    unsent = dataclasses.replace(post.shop, settings=post.shop.settings[:-1])
    assert "GUANXI_SMTP_URL is not set" in unsent.refused("mails", "release", "--generation", "1")
    assert "generation 1 is live" in post.shop.refused("mails", "release", "--generation", "7")
    assert post.states() == [("held", 3)]
    said = post.shop.succeed("mails", "release", "--generation", "1")
    assert f"3 lists of generation 1 are released; they were held because {WHY}" in said
    assert "3 lists sent (3 in this run)" in said
    assert len(post.mailbox.mails()) == 3
    assert "held:" not in post.shop.succeed("status")
    said = post.shop.refused("mails", "release")
    assert said.splitlines()[0] == "error: the held lists of generation 1"
    assert "3 lists sent" in said


def test_dropping_held_lists_sends_nothing_now_and_later(post: Post) -> None:
    assert "3 lists of generation 1 are dropped" in post.shop.succeed("mails", "drop")
    assert "3 held lists were dropped" in post.shop.succeed("deliver", "--run-id", GOOD_RUN)
    assert "3 lists dropped" in post.shop.refused("mails", "drop")
    assert post.states() == [("dropped", 3)]
    assert post.mailbox.mails() == []
