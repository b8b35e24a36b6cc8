"""Ways to ask a Zoho CRM for tests: a connector for each visit, and walks that are broken off and taken up again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sources.api.address import AddressRule
from sources.api.connector import Connector, Page, Record, State, StateExpiredError
from sources.api.http import Http, Patience
from sources.mapping.mapping import DatasetOptions, SourceOptions
from sources.zoho_crm.connector import open_connector

CREDENTIALS = {"client_id": "1000.CLIENT", "client_secret": "secret", "refresh_token": "1000.refresh"}
Walk = Callable[[Connector, State | None], Iterator[Page] | None]


@dataclass(slots=True)
class Visitor:
    """Opens connectors to one server; `waits` has every wait that was asked for, none of which was waited."""

    url: str
    tokens: Path
    credentials: dict[str, str] = field(default_factory=lambda: dict(CREDENTIALS))
    waits: list[float] = field(default_factory=list)
    patience: Patience = field(default_factory=lambda: Patience(attempts=8, budget_seconds=100_000))

    def open(self, **settings: Any) -> Connector:
        given = {"data_centre": "cn", "base_address": self.url, "keep_credits": 0} | settings
        options = SourceOptions.model_validate({
            "name": "crm",
            "kind": "zoho_crm",
            "settings": given,
            "datasets": {"accounts": {"object": "Accounts"}},
            "entities": {"accounts": {"from": "accounts", "fields": {"account_id": "id"}}},
        })  # fmt: skip
        http = Http("source crm", AddressRule(allows_private=True), self.patience, sleep=self.waits.append)
        variable = {"GUANXI_SOURCE_CRM": json.dumps(self.credentials)}
        return open_connector(options, credentials_of=variable, http=http, tokens=self.tokens)


def dataset(name: str) -> DatasetOptions:
    return DatasetOptions(object=name)


def read(
    connector: Connector, name: str, *columns: str, since: datetime | None = None, state: State | None = None
) -> list[Record]:
    """Return every record of a whole walk."""
    pages = connector.records(dataset(name), columns or ("id",), since=since, state=state)
    return [record for page in pages for record in page.records]


def read_keys(connector: Connector, name: str) -> list[str]:
    return [record.key for page in connector.keys(dataset(name), state=None) for record in page.records]


def read_in_visits(open_one: Callable[[], Connector], walk: Walk, lengths: list[int]) -> tuple[list[Record], int]:
    """Return what a walk gives that is broken off after so many pages, again and again, and how often it began anew.

    Each visit is another connector; all that it has of the last one is the state, as JSON.
    """
    records: list[Record] = []
    state: State | None = None
    begun_anew = 0
    for length in [*lengths, None]:
        connector = open_one()
        try:
            pages = walk(connector, state)
            assert pages is not None
            for count, page in enumerate(pages, start=1):
                records += page.records
                state = json.loads(json.dumps(page.state))
                if count == length:
                    break
            else:
                return records, begun_anew
        except StateExpiredError:
            state, begun_anew = None, begun_anew + 1
        finally:
            connector.close()
    if state is None:
        more, again = read_in_visits(open_one, walk, [])
        return records + more, begun_anew + again
    raise AssertionError("the last visit goes on to the end")
