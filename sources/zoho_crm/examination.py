"""What a test of a Zoho CRM looks at: the token, the credits, then each dataset's permissions and freshness."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from sources.api.connector import Finding
from sources.mapping.mapping import DatasetOptions
from sources.zoho_crm.answers import EmptyForSure
from sources.zoho_crm.asking import MODIFIED
from sources.zoho_crm.door import Door
from sources.zoho_crm.metadata import USERS
from sources.zoho_crm.query import ask_query
from sources.zoho_crm.values import utc
from warehouse.errors import Problem

if TYPE_CHECKING:
    from sources.zoho_crm.connector import ZohoConnector


def examine(connector: ZohoConnector, door: Door, datasets: Mapping[str, DatasetOptions]) -> Iterator[Finding]:
    """Yield findings; where nobody is let in, the first is the last."""
    try:
        org = door.ask("/org").rows("org")
        zone = org[0].get("time_zone") if org else None
        currency = org[0].get("iso_code") if org else None
        yield Finding("address and credentials", is_well=True, told=f"time zone {zone}, currency {currency}")
    except Problem as problem:
        yield _bad("address and credentials", problem)
        return
    for name, dataset in datasets.items():
        try:
            yield _dataset(connector, door, name, dataset)
        except Problem as problem:
            yield _bad(f"dataset {name}", problem)
    yield Finding("limits", is_well=True, told=connector.usage())


def _dataset(connector: ZohoConnector, door: Door, name: str, dataset: DatasetOptions) -> Finding:
    object_ = dataset.object or ""
    fields = connector.fields(dataset)
    heads = {column.split(".")[0] for column in dataset.columns or ()}
    missing = sorted(head for head in heads if head not in fields)
    if missing:
        return Finding(
            f"dataset {name}",
            is_well=False,
            told=f"{object_} has no field {', '.join(missing)}",
            next_step="correct `columns` in company.yml: API names, not labels; or the user may not see the field",
        )
    count = connector.count(dataset)
    told = [f"{len(fields)} fields"] + ([f"{count:,} records"] if count is not None else [])
    if object_ != USERS:
        subform = connector.metadata.subform(object_)
        module = subform.parent if subform is not None else object_
        told.append(_newest(door, module))
        if door.settings.walk != "pages":
            ask_query(door, f"select id from {module} where id > 0 order by id asc limit 1", limit=1)  # noqa: S608 - a module of its own
    return Finding(f"dataset {name}", is_well=True, told=", ".join(told))


def _newest(door: Door, module: str) -> str:
    """Return when a module was changed last."""
    params = {"fields": MODIFIED, "sort_by": MODIFIED, "sort_order": "desc", "per_page": "1"}
    rows = door.ask(f"/{module}", params=params, check=EmptyForSure()).rows()
    moment = utc(rows[0].get(MODIFIED)) if rows else None
    return f"changed last {datetime.fromisoformat(moment):%Y-%m-%d %H:%M} UTC" if moment else "no records"


def _bad(what: str, problem: Problem) -> Finding:
    return Finding(what, is_well=False, told=problem.seen, next_step=problem.next_step)
