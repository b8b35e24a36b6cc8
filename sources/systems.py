"""The live systems: which kinds there are, and how one is opened."""

from __future__ import annotations

import importlib

from sources.api.address import AddressRule
from sources.api.connector import Connector
from sources.api.http import Http
from sources.mapping.mapping import SourceOptions
from sources.outside import Outside

KINDS = ("zoho_crm", "fxiaoke", "odoo", "tryton")
"""The kinds that are asked over HTTP; sources/<kind>/connector.py has `open_connector`."""

_NAMES = {"zoho_crm": "Zoho CRM", "fxiaoke": "纷享销客", "odoo": "Odoo", "tryton": "Tryton"}


def open_system(options: SourceOptions, outside: Outside) -> Connector:
    """Return a connector to a source's system; the caller closes it. Nothing is asked yet.

    Raises BadMappingError for settings its kind does not know, SourceUnreachableError for credentials that are not
    there.
    """
    outside.tokens.mkdir(parents=True, exist_ok=True, mode=0o700)
    module = importlib.import_module(f"sources.{options.kind}.connector")  # only the kind that is used
    http = Http(
        thing=f"source {options.name} ({_NAMES[options.kind]})",
        rule=AddressRule(outside.allows_private),
        patience=outside.patience,
        sleep=outside.sleep,
    )
    connector: Connector = module.open_connector(
        options, credentials_of=outside.environment, http=http, tokens=outside.tokens
    )
    return connector
