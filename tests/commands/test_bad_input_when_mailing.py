"""What a person sees when lists cannot be mailed, or another night begins while they are."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from delivery.mailbox import local_mailbox
from tests.commands.corner_shop import GOOD_RUN, NEXT_DAY, Shop, well_said
from tests.night.house_for_nights import GUANXI
from warehouse.plan import NO_RETRY_STATUS

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("corner shop")]

DELIVER = ("deliver", "--run-id", GOOD_RUN)
AT_WORK = "select 1 from pg_locks where locktype = 'advisory' and granted and classid = 20531"
BESIDE = f"{AT_WORK} and database = (select oid from pg_database where datname = current_database())"


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port where somebody listens and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield int(server.getsockname()[1])


def test_a_second_night_beside_a_running_one_is_refused_and_ctrl_c_ends_the_first_in_one_line(
    shop: Shop, silent_port: int
) -> None:
    other = shop.copy("beside").with_settings(GUANXI_SMTP_URL=f"smtp://127.0.0.1:{silent_port}?timeout=600")
    # a shell's background job hands down an ignored SIGINT; Ctrl-C and dbt's cancelling must work all the same
    with subprocess.Popen(
        [str(GUANXI), *DELIVER],
        env=other.house.environment(),
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),  # noqa: PLW1509 - no threads here
    ) as first:
        deadline = time.monotonic() + 120
        while not other.query(BESIDE):
            assert first.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        said = other.refused("open", "--run-id", "second", "--as-of", NEXT_DAY.isoformat())
        assert said.splitlines()[0] == "error: run second"
        assert f"another night is at work: {GOOD_RUN}" in said
        assert "guanxi status" in said
        first.send_signal(signal.SIGINT)
        _, last_words = first.communicate(timeout=60)
    assert first.returncode == 130
    assert last_words == "stopped. Readers keep the last good night; run the command again to go on.\n"
    other.succeed("open", "--run-id", "second", "--as-of", NEXT_DAY.isoformat())


@pytest.mark.parametrize(
    ("url", "thing", "seen"),
    [
        ("", "delivery", "GUANXI_SMTP_URL is not set"),
        ("http://mail.example.com", "settings", "GUANXI_SMTP_URL: must begin with smtp://"),
        ("smtp://me:hush-hush@mail.example.com", "GUANXI_SMTP_URL", "it would send the password to mail.example.com"),
    ],
)
def test_an_address_that_no_mail_can_go_to_is_refused(shop: Shop, url: str, thing: str, seen: str) -> None:
    said = shop.with_settings(GUANXI_SMTP_URL=url).refused(*DELIVER)
    assert said.splitlines()[0] == f"error: {thing}"
    assert seen in said
    assert "hush-hush" not in said
    assert shop.query("select count(*) from ops.outbox where state = 'sent'") == [(0,)]


def test_a_manager_without_an_address_is_named_and_the_others_get_their_lists_once(shop: Shop, tmp_path: Path) -> None:
    other = shop.copy("letters")
    with local_mailbox(tmp_path) as mailbox:
        other = other.with_settings(GUANXI_SMTP_URL=mailbox.url)
        for _ in range(2):
            said = other.refused(*DELIVER, status=NO_RETRY_STATUS)
            assert said.splitlines()[0] == "error: the lists of generation 1: 2 sent"
            assert "failed: nadia" in said
            assert "correct these managers' addresses" in said
            assert "@" not in said, "an address is personal"
            assert sorted(mail.name.split("_")[0] for mail in mailbox.mails()) == ["mei", "otto"]


def test_a_dead_mail_server_is_named_and_every_list_waits_in_the_outbox(
    dead_post: tuple[Shop, subprocess.Popen[str]],
) -> None:
    shop, delivery = dead_post
    stdout, stderr = delivery.communicate(timeout=1200)
    done = subprocess.CompletedProcess(delivery.args, delivery.returncode, stdout, stderr)
    said = well_said(done, status=1)
    shop.no_secret_in(stdout + stderr)
    assert said.startswith("error: mail server 127.0.0.1:")
    assert "nothing listens there" in said
    assert "guanxi deliver again" in said
    assert shop.query("select state, count(*) from ops.outbox group by state") == [("pending", 3)]
    assert shop.state().seen_by_readers == 30
