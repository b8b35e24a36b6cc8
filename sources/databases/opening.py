"""Which database a source is, by its URL."""

from __future__ import annotations

from collections.abc import Mapping

from sources.databases.address import database_address
from sources.databases.database import SourceDatabase
from sources.databases.mysql import MysqlDatabase
from sources.databases.postgresql import PostgresqlDatabase
from sources.mapping.mapping import SourceMapping


def open_database(
    mapping: SourceMapping, *, erp_url: str | None, environment: Mapping[str, str] | None = None
) -> SourceDatabase:
    """Return the database that a mapping means; nothing is connected yet. Raises SourceUnreachableError."""
    address = database_address(mapping, erp_url=erp_url, environment=environment)
    return MysqlDatabase(mapping, address) if address.is_mysql else PostgresqlDatabase(mapping, address)
