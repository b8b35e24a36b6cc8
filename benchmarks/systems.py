"""Live systems: records a second and memory, beside dlt's own REST source: `python -m benchmarks.systems`.

The servers are those of the tests, each in a process of its own on this machine, so the figures are what reading and
keeping costs us; a real system's limits are far below. Both readers land the same records in the same PostgreSQL:
ours page by page with the state that goes on after each, dlt as it comes (offset pages, parquet, one load).
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from sources.api.reading import SystemReading
from sources.mapping.reader import read_mapping
from sources.outside import Outside
from sources.systems import open_system
from tests.servers.framework import serving
from tests.servers.fxiaoke import ADMIN, ADMIN_MOBILE, APP, FxiaokeServer
from tests.servers.fxiaoke_store import Store
from tests.servers.odoo import OdooServer
from tests.servers.zoho_crm import ZohoServer
from warehouse import ledger
from warehouse.commands.prepare import prepare
from warehouse.company import load_company
from warehouse.database import Role, Warehouse
from warehouse.embedded import EmbeddedServer
from warehouse.house import with_database
from warehouse.migrate import create_database

_COMPANY = """
company: bench
name: {{en: Bench, zh: 基准}}
currency: EUR
timezone: Europe/Berlin
sources:
  - name: crm
    kind: {kind}
    settings: {settings}
    datasets: {{people: {{object: {object}}}}}
    entities: {{accounts: {{from: people, fields: {{account_id: {key}, account_name: {label}}}}}}}
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of system: how its server is made, and what a mapping says of it."""

    name: str
    serve: Callable[[int], tuple[Any, Any]]
    object: str
    key: str
    label: str
    settings: Callable[[str], dict[str, Any]]
    secret: dict[str, str]


def _odoo(count: int) -> tuple[Any, Any]:
    server = OdooServer()
    for number in range(count):
        server.store.insert("res.partner", name=f"Company {number}", is_company=True)
    return server, server.script


def _zoho(count: int) -> tuple[Any, Any]:
    server = ZohoServer()
    server.store.fill("Accounts", count, lambda number: {"Account_Name": f"Company {number}"})
    return server, server.script


def _fxiaoke(count: int) -> tuple[Any, Any]:
    server = FxiaokeServer(Store())
    server.store.define("AccountObj", "客户", {})
    server.store.hire(ADMIN, "管理员", ADMIN_MOBILE)
    for number in range(count):
        server.store.insert("AccountObj", name=f"公司{number}")
    return server.answer, server.script


_ODOO, _ZOHO = OdooServer(), ZohoServer()
KINDS = (
    Kind(
        "odoo", _odoo, "res.partner", "id", "name",
        lambda url: {"base_url": url, "database": _ODOO.database},
        {"api_key": _ODOO.key, "login": _ODOO.login},
    ),
    Kind(
        "zoho_crm", _zoho, "Accounts", "id", "Account_Name",
        lambda url: {"data_centre": "us", "base_address": url, "keep_credits": 0},
        dict(zip(("client_id", "client_secret", "refresh_token"), _ZOHO.client, strict=True)),
    ),
    Kind(
        "fxiaoke", _fxiaoke, "AccountObj", "_id", "name",
        lambda url: {"host": url},
        {"app_id": APP["appId"], "app_secret": APP["appSecret"], "permanent_code": APP["permanentCode"],
         "mobile": ADMIN_MOBILE},
    ),
)  # fmt: skip


def main() -> None:
    """Print a row for each reader."""
    parser = argparse.ArgumentParser(prog="benchmarks.systems", description=__doc__)
    parser.add_argument("--records", type=int, default=20_000)
    count = parser.parse_args().records
    table = Table("reader", "records", "seconds", "records a second", "peak memory of the reader")
    with tempfile.TemporaryDirectory() as place, _postgres(Path(place)) as server_url:
        for name, seconds, megabytes in measured(count, server_url=server_url, place=place):
            table.add_row(name, f"{count:,}", f"{seconds:.1f}", f"{count / seconds:,.0f}", f"{megabytes:.0f} MB")
    Console(width=120).print(table)


def measured(count: int, *, server_url: str, place: str) -> Iterator[tuple[str, float, float]]:
    """Yield for each reader its name, seconds and megabytes."""
    for kind in KINDS:
        yield _found(kind.name, count, _in_process(_ours, kind.name, count, server_url, place))
        if kind.name == "odoo":
            yield _found("odoo, by dlt", count, _in_process(_dlt, kind.name, count, server_url, place))


def _found(name: str, count: int, found: tuple[int, float, float]) -> tuple[str, float, float]:
    landed, seconds, megabytes = found
    if landed != count:
        raise RuntimeError(f"{name} landed {landed} of {count} records")
    return name, seconds, megabytes


def _postgres(place: Path) -> Any:
    place.chmod(0o755)
    return EmbeddedServer(place / "postgres").leased()


def _in_process(
    read: Callable[[str, str, str, str, Any], None], name: str, count: int, server_url: str, place: str
) -> tuple[int, float, float]:
    """Serve in one new process and read in another; return records landed, seconds and megabytes."""
    context = multiprocessing.get_context("spawn")
    addresses, results = context.Queue(), context.Queue()
    server = context.Process(target=_serve, args=(name, count, addresses), daemon=True)
    server.start()
    try:
        url = addresses.get(timeout=600)
        reader = context.Process(target=read, args=(name, url, server_url, place, results), daemon=True)
        reader.start()
        reader.join()
        if reader.exitcode != 0:
            raise RuntimeError(f"the reader of {name} ended with {reader.exitcode}")
        found: tuple[int, float, float] = results.get(timeout=10)
    finally:
        server.terminate()
        server.join()
    return found


def _serve(name: str, count: int, addresses: Any) -> None:
    contract, script = next(kind for kind in KINDS if kind.name == name).serve(count)
    with serving(contract, script) as running:
        addresses.put(running.url)
        time.sleep(3600)


def _ours(name: str, url: str, server_url: str, place: str, results: Any) -> None:
    kind = next(kind for kind in KINDS if kind.name == name)
    folder = Path(tempfile.mkdtemp(dir=place))
    (folder / "company.yml").write_text(
        _COMPANY.format(
            kind=kind.name, settings=json.dumps(kind.settings(url)), object=kind.object, key=kind.key, label=kind.label
        ),
        encoding="utf-8",
    )
    company = load_company(str(folder))
    create_database(server_url, f"ours_{kind.name}")
    warehouse = Warehouse(with_database(server_url, f"ours_{kind.name}"), "bench")
    prepare(warehouse, company)
    night = ledger.open_night(
        warehouse, run_id="bench", as_of=date(2026, 3, 31), timezone=company.timezone, company_id=company.id,
        runs_folder=folder / "runs",
    )  # fmt: skip
    mapping = read_mapping(company, "crm")
    outside = Outside(
        folder / "tokens", environment={"GUANXI_SOURCE_CRM": json.dumps(kind.secret)}, allows_private=True
    )
    with ledger.stage(warehouse, night, "extract", "crm") as claim:
        began = time.monotonic()
        with closing(open_system(mapping.options, outside)) as connector:
            SystemReading(mapping, connector, claim, warehouse, {}, lambda _: None).read()
        seconds = time.monotonic() - began
        with warehouse.connect(Role.LOADER) as connection:
            row = connection.execute("select count(*) from spool_crm.d1").fetchone()
    results.put((row[0] if row else 0, seconds, _peak()))


def _dlt(name: str, url: str, server_url: str, place: str, results: Any) -> None:
    import dlt
    from dlt.sources.rest_api import rest_api_source

    kind = next(kind for kind in KINDS if kind.name == name)
    create_database(server_url, "by_dlt")
    began = time.monotonic()
    source = rest_api_source({
        "client": {"base_url": url, "headers": {"Authorization": f"bearer {kind.secret['api_key']}"}},
        "resources": [{
            "name": "people",
            "endpoint": {
                "path": f"json/2/{kind.object}/search_read",
                "method": "POST",
                "json": {"domain": [], "fields": ["name"], "order": "id", "context": {"active_test": False}},
                "data_selector": "$",
                "paginator": {"type": "offset", "limit": 1000, "offset_body_path": "offset",
                              "limit_body_path": "limit", "total_path": None},
            },
        }],
    })  # fmt: skip
    pipeline = dlt.pipeline(
        "bench", pipelines_dir=place, dataset_name="landing",
        destination=dlt.destinations.postgres(with_database(server_url, "by_dlt")),
    )  # fmt: skip
    pipeline.run(source, loader_file_format="parquet")
    seconds = time.monotonic() - began
    with pipeline.sql_client() as client, client.execute_query("select count(*) from people") as cursor:
        row = cursor.fetchone()
    results.put((row[0] if row else 0, seconds, _peak()))


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
