"""What the stack refuses and remembers, without starting it."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from warehouse.embedded import free_port
from warehouse.settings import Settings
from warehouse.stack import (
    PortTakenError,
    StackRunningError,
    _nights_from,
    _only_one,
    _refuse_taken_ports,
    down,
    status,
)


@pytest.mark.parametrize("name", ["api_port", "mailbox_port"])
def test_a_taken_port_is_refused_by_the_name_of_its_setting(name: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        ports = {"api_port": free_port(), "mailbox_port": free_port(), name: other.getsockname()[1]}
        with pytest.raises(PortTakenError, match="another program listens") as caught:
            _refuse_taken_ports(Settings(**ports))
    assert f"GUANXI_{name.upper()}" in str(caught.value)


def test_one_house_has_one_stack(tmp_path: Path) -> None:
    with _only_one(tmp_path), pytest.raises(StackRunningError, match="it runs already"), _only_one(tmp_path):
        pass
    with _only_one(tmp_path):
        pass


def test_the_first_start_is_remembered_so_that_a_missed_night_is_made_up_later(tmp_path: Path) -> None:
    first = _nights_from(tmp_path / "nights_from")
    assert _nights_from(tmp_path / "nights_from") == first
    ago = datetime.now(tz=UTC) - datetime.fromisoformat(first)
    assert timedelta(hours=23) < ago < timedelta(hours=25)


def test_a_stack_that_is_down_is_told_as_such_and_down_does_no_harm(tmp_path: Path) -> None:
    said: list[str] = []
    settings = Settings(home=tmp_path)
    assert status(settings, say=said.append) == []
    down(settings, say=said.append)
    assert said == ["the stack is down; start it with: guanxi up", "stopped"]
