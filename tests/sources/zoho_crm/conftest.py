"""A Zoho CRM on this machine, and connectors to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.framework import RunningServer, serving
from tests.servers.zoho_crm import ZohoServer
from tests.sources.zoho_crm.visits import Visitor


@pytest.fixture
def zoho() -> ZohoServer:
    return ZohoServer()


@pytest.fixture
def running(zoho: ZohoServer) -> Iterator[RunningServer]:
    with serving(zoho, zoho.script) as server:
        yield server


@pytest.fixture
def visitor(running: RunningServer, tmp_path: Path) -> Visitor:
    return Visitor(running.url, tmp_path / "tokens")
