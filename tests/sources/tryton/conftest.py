"""One real Tryton for all tests of this folder, and a proxy before it that fails when it is told to."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator

import pytest

from tests.servers.framework import RunningServer, serving
from tests.servers.tryton.desk import Desk, Proxy
from tests.servers.tryton.server import NoTrytonError, TrytonServer, running_tryton, tryton_programs
from tests.sources.tryton.nights import PARTIES, Nights
from tests.sources.workshop import Workshop


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker has them all, since it takes seconds to start Tryton."""
    for item in items:
        if "tests/sources/tryton/" in item.nodeid:
            item.add_marker(pytest.mark.xdist_group("tryton"))


@pytest.fixture(scope="session")
def tryton(server_url: str) -> Iterator[TrytonServer]:
    try:
        programs = tryton_programs()
    except NoTrytonError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))
    with running_tryton(programs, server_url) as server:
        yield server


@pytest.fixture
def proxy(tryton: TrytonServer) -> Proxy:
    return Proxy(tryton)


@pytest.fixture
def running(proxy: Proxy) -> Iterator[RunningServer]:
    with serving(proxy, proxy.script) as running:
        yield running


@pytest.fixture(scope="session")
def desk(tryton: TrytonServer) -> Desk:
    return Desk(tryton)


@pytest.fixture
def nights(workshop: Workshop, tryton: TrytonServer, running: RunningServer) -> Nights:
    return Nights(workshop, tryton, running.url)


@pytest.fixture
def parties(nights: Nights) -> Nights:
    """Only one dataset, where many nights are wanted."""
    nights.workshop.source |= copy.deepcopy(PARTIES)
    return nights
