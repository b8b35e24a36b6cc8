"""A small company in an Odoo, and connectors that read it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sources.api.address import AddressRule
from sources.api.connector import Record
from sources.api.http import Http, Patience
from sources.mapping.mapping import DatasetOptions, SourceOptions
from sources.odoo.connector import OdooConnector, open_connector
from tests.servers.odoo import OdooServer

PARTNERS = DatasetOptions.model_validate({"object": "res.partner"})
LEADS = DatasetOptions.model_validate({"object": "crm.lead"})
HISTORY = DatasetOptions.model_validate({"object": "mail.tracking.value"})


@dataclass
class Desk:
    """One server, its address, and a folder for tokens. `waited` holds every wait that was asked for."""

    server: OdooServer
    url: str
    folder: Path

    def fill(self) -> None:
        """Acme with two people, an archived one among them, Beta, and two leads, a lost one among them."""
        store = self.server.store
        acme = store.insert("res.partner", name="Acme", is_company=True, vat="DE1", x_region="华东")
        store.update("res.partner", acme, commercial_partner_id=acme)
        tag = store.insert("res.partner.category", name="Gold")
        store.insert("res.partner", name="Ann", parent_id=acme, commercial_partner_id=acme, category_id=[tag])
        store.insert("res.partner", name="Ben", parent_id=acme, commercial_partner_id=acme, active=False)
        store.insert("res.partner", name="Beta", is_company=True, commercial_partner_id=4)
        new, won = store.insert("crm.stage", name="New"), store.insert("crm.stage", name="Won")
        store.insert(
            "crm.lead", name="Desks", partner_id=acme, stage_id=won, type="opportunity", expected_revenue=1200.5,
            date_deadline="2026-02-01", date_closed="2026-01-05 08:00:00.123456", probability=100.0,
        )  # fmt: skip
        store.insert("crm.lead", name="Chairs", stage_id=new, type="lead", active=False, expected_revenue=0.0)
        for model, label in (("res.partner", "Contact"), ("crm.lead", "Lead/Opportunity")):
            store.insert("ir.model", model=model, name=label, transient=False)
        store.insert("ir.model", model="base.wizard", name="Wizard", transient=True)

    def options(self, **settings: Any) -> SourceOptions:
        base = {"base_url": self.url, "database": self.server.database}
        return SourceOptions.model_validate({
            "name": "crm", "kind": "odoo", "settings": base | settings, "datasets": {"partners": PARTNERS},
            "entities": {"accounts": {"from": "partners", "fields": {"account_id": "id"}}},
        })  # fmt: skip

    def connector(
        self, credentials: Mapping[str, str] | None = None, patience: Patience | None = None, **settings: Any
    ) -> OdooConnector:
        secret = {"api_key": self.server.key, "login": self.server.login} | dict(credentials or {})
        http = Http("source crm", AddressRule(allows_private=True), patience or Patience(), sleep=lambda _: None)
        environment = {"GUANXI_SOURCE_CRM": json.dumps(secret)}
        return open_connector(self.options(**settings), credentials_of=environment, http=http, tokens=self.folder)

    def read(
        self, dataset: DatasetOptions, *columns: str, since: datetime | None = None, **settings: Any
    ) -> list[Record]:
        pages = self.connector(**settings).records(dataset, columns, since=since, state=None)
        return [record for page in pages for record in page.records]
