"""The end of a night, however it ended: its page lies there and its operators know, and nothing else goes wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.delivery.conftest import FaultyServer
from tests.operations.conftest import DAY, Ledger
from warehouse.commands.operators import tell_operators
from warehouse.commands.work import Teller
from warehouse.embedded import free_port
from warehouse.house import House
from warehouse.settings import Settings

ENDED = f"night-{DAY}"


def _with_operators(house: House, addresses: str = "ann@ops.example") -> House:
    return replace(house, settings=Settings(home=house.settings.home, operators=addresses))


def test_a_night_that_failed_has_its_page_and_is_told_at_once(
    ledger: Ledger, house: House, post: FaultyServer, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger.night(state="building")
    ledger.stage("transform", state="failed", note="dbt build\n  seen:     2 tests fail")
    tell_operators(_with_operators(house), ENDED, smtp_url=post.url, teller=Teller())
    page = (house.runs / ENDED / "report.html").read_text(encoding="utf-8")
    assert "Stage transform failed" in page
    assert ENDED in (house.runs / "index.html").read_text(encoding="utf-8")
    (mail,) = post.kept["ann@ops.example"]
    assert "dbt build: 2 tests fail" in mail.get_content()
    said = capsys.readouterr().out
    assert "report.html" in said
    assert "alerts: 1 new, 1 told" in said


def test_a_night_that_was_never_opened_has_no_page_and_is_told(
    house: House, post: FaultyServer, capsys: pytest.CaptureFixture[str]
) -> None:
    tell_operators(_with_operators(house), "nobody", smtp_url=post.url, teller=Teller())
    assert "The night nobody could not be opened" in str(post.kept["ann@ops.example"][0]["Subject"])
    said = capsys.readouterr().out
    assert "the night's page was not written: run nobody" in said
    assert not (house.runs / "nobody").exists()


def test_a_mail_server_that_is_down_is_said_and_is_no_failure_of_the_night(
    ledger: Ledger, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger.night(state="rejected", note="check raw of tiny")
    url = f"smtp://127.0.0.1:{free_port()}"
    tell_operators(_with_operators(house), ENDED, smtp_url=url, teller=Teller())
    said = capsys.readouterr().out
    assert "not all was told: alerts that wait to be told: 1" in said
    assert "connection refused" in said
    assert (house.runs / ENDED / "report.html").exists()


def test_who_named_nobody_reads_it_in_the_night_s_own_words(
    ledger: Ledger, house: House, post: FaultyServer, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger.night(state="rejected", note="check raw of tiny")
    tell_operators(_with_operators(house, ""), ENDED, smtp_url=post.url, teller=Teller())
    said = capsys.readouterr().out
    assert f"alert: The night of {DAY} failed" in said
    assert "not all was told" not in said
    assert dict(post.kept) == {}
