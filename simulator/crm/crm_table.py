"""What a table of the simulated CRM is, written down in a few lines."""

from __future__ import annotations

from simulator.tables import WRITTEN, Table


def crm_table(name: str, key: str, columns: str, description: str) -> Table:
    """A table of the CRM; `columns` holds "name type" pairs, one a line."""
    pairs = [tuple(line.strip().split(maxsplit=1)) for line in columns.strip().splitlines()]
    return Table(
        name=name,
        columns=((key, "text not null"), *((column, kind) for column, kind in pairs), *WRITTEN),
        key=key,
        description=description,
        schema="crm",
    )
