"""Nights of a company whose one source is the Tryton, each on the next day."""

from __future__ import annotations

import copy
import json
import time
from datetime import date, timedelta

import yaml

from sources.api.http import Patience
from sources.loading.report import EntityReport
from tests.conftest import ROOT
from tests.servers.tryton.server import READER, READER_PASSWORD, TrytonServer
from tests.sources.tryton.rows import held, raw
from tests.sources.workshop import Workshop
from warehouse.ledger import NightRunningError

FIRST = date(2036, 12, 1)  # after whatever the real server's clock says
EXAMPLE = yaml.safe_load((ROOT / "examples" / "tryton" / "company.yml").read_text(encoding="utf-8"))["sources"][0]
PARTIES = {
    "datasets": {"parties": {"object": "party.party"}},
    "entities": {"accounts": EXAMPLE["entities"]["accounts"]},
}
CREDENTIALS = {"login": READER, "password": READER_PASSWORD}


class Killed(BaseException):
    """The process ends here: nothing may catch it."""


class Nights:
    """A workshop whose one source is the Tryton; each night is the next day."""

    def __init__(self, workshop: Workshop, tryton: TrytonServer, url: str) -> None:
        self.workshop, self.tryton, self.day = workshop, tryton, FIRST
        workshop.source = copy.deepcopy(EXAMPLE) | {"name": "shop", "path": None}
        workshop.source["settings"] |= {"base_url": url, "database": tryton.database, "page_size": 3}
        workshop.outside = {
            "environment": {"GUANXI_SOURCE_SHOP": json.dumps(CREDENTIALS)},
            "allows_private": True,
            "patience": Patience(attempts=8),
            "sleep": lambda _: None,
        }

    def run(self, *, kill_after: int | None = None) -> dict[str, EntityReport]:
        """Extract the day; with `kill_after`, die after so many pages were kept."""
        told = 0

        def tell(_: str) -> None:
            nonlocal told
            told += 1
            if told == kill_after:
                raise Killed

        self.workshop.tell = tell
        for wait in (0.1, 0.3, 1.0, 3.0, 0.0):
            try:
                return self.workshop.counts(self.day.isoformat())
            except NightRunningError:  # the server is still ending the session of what was killed
                if not wait:
                    raise
                time.sleep(wait)
        raise AssertionError("unreachable")

    def next_day(self) -> None:
        self.day += timedelta(days=1)

    def assert_same_rows(self, *entities: str) -> None:
        for entity in entities:
            expected = held(self.tryton, entity)
            assert raw(self.workshop, entity) == expected, entity
        doubled = "select 1 from raw.{} group by source, record_id, known_at having count(*) > 1"
        assert [entity for entity in entities if self.workshop.query(doubled.format(entity))] == []
