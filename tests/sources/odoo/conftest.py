"""An Odoo at work behind each door, and connectors to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.framework import serving
from tests.servers.odoo import OdooServer
from tests.sources.odoo.desk import Desk


@pytest.fixture(params=[19, 17], ids=["json2", "jsonrpc"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """A company's Odoo, once as 19 and once as 17 serves it."""
    server = OdooServer(version=request.param)
    with serving(server, server.script) as running:
        desk = Desk(server, running.url, tmp_path)
        desk.fill()
        yield desk
