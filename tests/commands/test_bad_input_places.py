"""What a person sees when a database or a port is not the right one, or not there."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.commands.corner_shop import NEXT_DAY, Shop, well_said
from tests.night.house_for_nights import NightHouse
from warehouse.embedded import free_port

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("corner shop")]

OPEN = ("open", "--run-id", "elsewhere", "--as-of", NEXT_DAY.isoformat())


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield int(other.getsockname()[1])


def _elsewhere(shop: Shop, **changed: object) -> str:
    """Return the administrator's URL with other parts."""
    parts = urlsplit(shop.database_url)
    given = {"user": parts.username, "password": parts.password, "host": parts.hostname, "port": parts.port} | changed
    place = "{user}:{password}@{host}:{port}".format(**given)
    return urlunsplit(parts._replace(netloc=place))


@pytest.mark.parametrize("command", [OPEN, ("sql", "select 1")], ids=lambda words: words[0])
def test_a_server_that_does_not_answer_is_named_by_host_and_port(shop: Shop, command: tuple[str, ...]) -> None:
    port = free_port()
    said = shop.with_settings(GUANXI_WAREHOUSE_URL=_elsewhere(shop, port=port)).refused(*command)
    assert said.splitlines()[0] == f"error: PostgreSQL at 127.0.0.1:{port}, database guanxi_corner_shop"
    assert "nothing listens there" in said
    assert "GUANXI_WAREHOUSE_URL" in said


def test_a_wrong_password_is_told_and_not_shown(shop: Shop) -> None:
    wrong = shop.with_settings(GUANXI_WAREHOUSE_URL=_elsewhere(shop, password="not-this-one"))
    said = wrong.refused(*OPEN)
    assert said.startswith("error: PostgreSQL at 127.0.0.1:")
    assert "the password was refused" in said
    assert "not-this-one" not in said


def test_an_address_that_cannot_be_read_is_told_without_its_password(shop: Shop) -> None:
    said = shop.with_settings(GUANXI_WAREHOUSE_URL="postgresql://me:p@ss/word@host:x/db").refused(*OPEN)
    assert said.splitlines()[0] == "error: settings"
    assert "GUANXI_WAREHOUSE_URL" in said
    assert "p@ss" not in said


@pytest.mark.parametrize(
    "command", [OPEN, ("extract",), ("rollback", "1"), ("sql", "select 1"), ("train",)],
    ids=lambda words: words[0],
)  # fmt: skip
def test_the_database_of_another_company_is_neither_written_nor_read(shop: Shop, command: tuple[str, ...]) -> None:
    other = shop.with_settings(GUANXI_WAREHOUSE_URL=shop.database_url, GUANXI_COMPANY="examples/online_retail")
    said = other.refused(*command)
    assert said.startswith("error: the warehouse")
    assert "it holds the company corner_shop" in said
    assert "the company online_retail" in said
    assert shop.query("select company_id from ops.company") == [("corner_shop",)]


@pytest.mark.parametrize("command", [("extract",), ("rollback", "1"), ("sql", "select 1")], ids=lambda words: words[0])
def test_a_database_before_its_first_night_says_how_to_begin(shop: Shop, command: tuple[str, ...]) -> None:
    empty = shop.empty_database("nothing_yet")
    done = empty.house.run(*command)
    said = well_said(done, status=1)
    empty.no_secret_in(said)
    assert said.splitlines()[0] == "error: the warehouse of corner_shop, database nothing_yet"
    assert "guanxi nightly" in said
    assert empty.query("select nspname from pg_namespace where nspname in ('ops', 'raw', 'bi')") == []


def test_a_taken_port_is_told_with_the_setting_that_names_another(empty_home: NightHouse, taken_port: int) -> None:
    house = NightHouse(empty_home.home, (*empty_home.settings, ("GUANXI_POSTGRES_PORT", str(taken_port))))
    said = well_said(house.run("status"), status=1)
    assert said.splitlines()[0] == f"error: port {taken_port} of 127.0.0.1"
    assert "GUANXI_POSTGRES_PORT" in said
    assert "guanxi nightly" in empty_home.succeed("status")


@pytest.mark.parametrize("name", ["GUANXI_API_PORT", "GUANXI_MAILBOX_PORT"])
def test_the_stack_does_not_start_on_a_taken_port(shop: Shop, taken_port: int, name: str) -> None:
    ports = {"GUANXI_API_PORT": free_port(), "GUANXI_MAILBOX_PORT": free_port()} | {name: taken_port}
    said = shop.with_settings(**ports).refused("up")
    assert said.splitlines()[0] == f"error: port {taken_port} of 127.0.0.1"
    assert name in said


def test_the_mailbox_does_not_start_on_a_taken_port(shop: Shop, taken_port: int, tmp_path: Path) -> None:
    said = shop.refused("mailbox", "--port", str(taken_port), "--folder", str(tmp_path))
    assert said.splitlines()[0] == f"error: the mailbox at 127.0.0.1:{taken_port}"
    assert "GUANXI_MAILBOX_PORT" in said
