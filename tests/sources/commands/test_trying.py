"""`guanxi sources test` and `list`: what a person sees who tries the sources of a company."""

from __future__ import annotations

import copy
import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import Result

from tests.conftest import ROLE_SECRET
from tests.night.house_for_nights import GUANXI
from tests.servers.framework import Fault
from tests.sources.commands.runs import SECRET, Run, write_company
from tests.sources.odoo.desk import Desk
from tests.sources.workshop import LINES, ORDER_LINES, Workshop
from warehouse.errors import Problem

CRM = {
    "datasets": {"partners": {"object": "res.partner"}, "leads": {"object": "crm.lead", "sweep": False}},
    "entities": {
        "accounts": {"from": "partners", "fields": {"account_id": "id", "account_name": "name"}},
        "opportunities": {
            "from": "leads",
            "fields": {"opportunity_id": "id", "account_id": "partner_id.id"},
        },
    },
}


def _crm(desk: Desk, **changed: Any) -> dict[str, Any]:
    settings = {"base_url": desk.url, "database": "acme"}
    return copy.deepcopy({"name": "crm", "kind": "odoo", "settings": settings} | CRM | changed)


def _shop(folder: Path, *rows: str) -> dict[str, Any]:
    (folder / "data").mkdir()
    (folder / "data" / "may.csv").write_text("order,customer,day,amount\n" + "".join(f"{row}\n" for row in rows))
    return {"name": "shop", "kind": "files", "path": "data", "datasets": {"lines": LINES},
            "entities": {"order_lines": ORDER_LINES}}  # fmt: skip


def test_sources_that_are_well_are_told_line_by_line_and_nothing_is_kept(run: Run, desk: Desk, tmp_path: Path) -> None:
    write_company(tmp_path, _crm(desk), _shop(tmp_path, "1,x,2026-05-01,9", "2,x,2026-05-02,9"))
    done = run("test")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "crm (odoo)",
        "  ✓ credentials",
        "  ✓ dataset partners",
        "  ✓ dataset leads",
        "  ✓ dataset partners, columns",
        "  ✓ dataset leads, columns",
        "shop (files)",
        "  ✓ path",
        "  ✓ dataset lines",
        "note",
        "2 sources, 7 findings",
    ]
    assert "4 records of res.partner, the newest change at" in lines[2]
    assert "1 file, 2 rows, 4 columns are there; newest file may.csv of 20" in lines[8]
    assert "order_lines.order_id points to orders, which no source delivers" in lines[9]
    assert lines[-1].endswith(": all well")
    assert [path for path in (tmp_path / "home").rglob("*") if path.is_file()] == []


def test_one_source_can_be_tried_alone(run: Run, desk: Desk, tmp_path: Path) -> None:
    write_company(tmp_path, _crm(desk, settings={}), _shop(tmp_path, "1,x,2026-05-01,9"))
    done = run("test", "--source", "shop")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "1 source, 2 findings: all well")
    refused = run("test", "--source", "till")
    assert "no such source" in str(refused.exception)


def test_a_refused_key_ends_that_source_and_says_what_to_do(
    run: Run, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUANXI_SOURCE_CRM", json.dumps({"api_key": "wr0ng-" + SECRET[3:]}))
    write_company(tmp_path, _crm(desk), _shop(tmp_path, "1,x,2026-05-01,9"))
    done = run("test")
    assert done.exit_code == 1
    assert "✗ credentials: " in done.stdout
    assert "wr0ng" not in done.output
    assert "✓ dataset lines" in done.stdout
    assert "dataset partners" not in done.stdout
    assert done.stdout.splitlines()[-1].endswith("1 to mend")


def test_no_credentials_at_all_name_the_variable(
    run: Run, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GUANXI_SOURCE_CRM")
    write_company(tmp_path, _crm(desk))
    done = run("test")
    assert done.exit_code == 1
    assert "GUANXI_SOURCE_CRM" in done.stdout


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda source: source["entities"]["accounts"]["fields"].update(account_name="nmae"), "nmae (now name?)"),
        (lambda source: source["entities"]["accounts"]["fields"].update(created_at="is_company"), "boolean"),
        (lambda source: source["entities"]["accounts"]["fields"].update(account_id="vat"), "a key made of vat"),
    ],
    ids=["renamed", "of another type", "a key that cannot be swept"],
)
def test_a_column_that_does_not_fit_the_mapping_is_found(
    run: Run, desk: Desk, tmp_path: Path, change: Callable[[Any], None], told: str
) -> None:
    source = _crm(desk)
    change(source)
    write_company(tmp_path, source)
    done = run("test")
    assert done.exit_code == 1
    (line,) = [line for line in done.stdout.splitlines() if "✗" in line]
    assert line.startswith("  ✗ dataset partners, columns: ")
    assert told in line
    assert "; next: " in line
    assert "✓ dataset leads, columns" in done.stdout


def test_an_object_that_is_not_there_does_not_hide_the_others(run: Run, desk: Desk, tmp_path: Path) -> None:
    source = _crm(desk)
    source["datasets"]["leads"]["object"] = "crm.deal"
    write_company(tmp_path, source)
    done = run("test")
    assert done.exit_code == 1
    assert "✗ dataset leads: " in done.stdout
    assert "✓ dataset partners, columns" in done.stdout


def test_a_mapping_that_cannot_be_read_is_told_with_its_line(run: Run, desk: Desk, tmp_path: Path) -> None:
    source = _crm(desk)
    source["entities"]["accounts"]["fields"]["acount_name"] = "name"
    write_company(tmp_path, source, _shop(tmp_path, "1,x,2026-05-01,9"))
    line = (tmp_path / "company.yml").read_text(encoding="utf-8").splitlines().index("        acount_name: name") + 1
    done = run("test")
    assert done.exit_code == 1
    assert f"✗ {tmp_path}/company.yml:{line}, source crm, entity accounts, field acount_name: " in done.stdout
    assert "✓ dataset lines" in done.stdout


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("order,customer,day,net_amount\n1,x,2026-05-01,9\n", "may.csv of source shop: no column amount"),
        ("order,customer,day,amount\n", "a header and no row"),
        ("order,customer,day,amount\n1,M\xfcller,2026-05-01,9\n", "is not utf-8"),
        (None, "no file matches"),
    ],
)
def test_a_file_that_the_night_would_refuse_is_found(run: Run, tmp_path: Path, content: str | None, told: str) -> None:
    write_company(tmp_path, _shop(tmp_path))
    file = tmp_path / "data" / "may.csv"
    file.unlink() if content is None else file.write_bytes(content.encode("latin-1"))
    done = run("test")
    assert done.exit_code == 1
    assert "✗ dataset lines: " in done.stdout
    assert told in done.stdout
    assert "ller" not in done.output


def test_a_database_is_tried_and_what_is_missing_is_told(
    run: Run, tmp_path: Path, scratch_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(scratch_database) as connection:
        connection.execute("create table sales (no text, buyer text, at timestamptz); insert into sales values ('1')")
    fields = {"order_id": "no", "account_id": "buyer", "ordered_at": "at"}
    write_company(tmp_path, {"name": "erp", "kind": "erp_database", "datasets": {"sales": {"table": "sales"}},
                      "entities": {"orders": {"from": "sales", "fields": fields}}})  # fmt: skip
    assert "GUANXI_ERP_URL is not set" in run("test").stdout
    monkeypatch.setenv("GUANXI_ERP_URL", scratch_database)
    well = run("test")
    assert well.exit_code == 0
    assert "✓ dataset sales: 1 rows, 3 columns" in well.stdout
    with psycopg.connect(scratch_database) as connection:
        connection.execute("alter table sales rename buyer to buyer_no")
    renamed = run("test")
    assert renamed.exit_code == 1
    assert "buyer (now buyer_no?)" in renamed.stdout


def test_ctrl_c_stops_a_test_that_waits(run: Run, desk: Desk, tmp_path: Path) -> None:
    assert run is not None  # for the environment it sets
    write_company(tmp_path, _crm(desk))
    desk.server.script.faults = [Fault("slow", seconds=60)]
    with subprocess.Popen(
        [GUANXI, "sources", "test"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as one:
        assert one.stdout is not None
        assert one.stdout.readline() == "crm (odoo)\n"
        one.send_signal(signal.SIGINT)
        _, said = one.communicate(timeout=60)
    assert one.returncode == 130
    assert "Traceback" not in said


def test_the_list_tells_what_each_source_has_delivered(
    run: Run, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop.csv("a.csv", ["order,customer,day,amount", "1,x,2026-01-05,9", "2,x,2026-01-05,9"])
    workshop.company()
    url = workshop.warehouse.admin_url
    for name, value in {"GUANXI_COMPANY": str(workshop.folder), "GUANXI_WAREHOUSE_URL": url,
                        "GUANXI_ROLE_SECRET": ROLE_SECRET}.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    assert _last_row(run("list")) == ["shop", "files", "lines", "order_lines", "never", "none", "0"]
    workshop.extract("2026-01-05")
    with workshop.warehouse.connect_admin() as connection:  # the fixture's database belongs to nobody
        connection.execute("insert into ops.company (company_id) values ('workshop')")
    assert _last_row(run("list"))[4:] == ["2026-01-05", "loaded, 2026-01-05", "2"]
    workshop.csv("b.csv", ["order,customer,day", "3,x,2026-01-06"])
    with pytest.raises(Problem):
        workshop.extract("2026-01-06")
    assert _last_row(run("list"))[4:] == ["2026-01-05", "failed, 2026-01-06", "2"]


def _last_row(done: Result) -> list[str]:
    assert done.exit_code == 0, done.output
    row = [line for line in done.stdout.splitlines() if "shop" in line][-1]
    return [cell.strip() for cell in row.strip("│ ").split("│")]
