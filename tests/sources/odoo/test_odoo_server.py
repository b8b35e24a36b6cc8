"""A client that nobody here wrote reads our Odoo right; JSON-2, which it does not speak, answers as was seen."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import odoorpc
import pytest
import requests

from tests.servers.framework import serving
from tests.servers.odoo import OdooServer


@pytest.fixture
def server() -> Iterator[tuple[OdooServer, str]]:
    contract = OdooServer(version=18)
    for number in range(7):
        contract.store.insert("res.partner", name=f"P{number}", active=number != 3, is_company=number % 2 == 0)
    contract.store.update("res.partner", 2, parent_id=1)
    with serving(contract, contract.script) as running:
        yield contract, running.url


@pytest.fixture
def client(server: tuple[OdooServer, str]) -> odoorpc.ODOO:
    parts = urlsplit(server[1])
    client = odoorpc.ODOO(parts.hostname, port=parts.port)
    client.login("acme", "reader", server[0].key)
    return client


def test_odoorpc_logs_in_and_reads_the_version(client: odoorpc.ODOO) -> None:
    assert client.version == "18.0"
    assert client.env.lang == "en_US"


def test_odoorpc_hides_archived_records_unless_it_asks_for_them(client: odoorpc.ODOO) -> None:
    partners = client.env["res.partner"]
    assert partners.search([]) == [1, 2, 3, 5, 6, 7]
    assert partners.with_context(active_test=False).search([]) == [1, 2, 3, 4, 5, 6, 7]
    assert partners.search_count(["|", ("id", "=", 1), ("parent_id.name", "=", "P0")]) == 2
    assert partners.search([("id", ">", 2)], limit=2, order="id desc") == [7, 6]


def test_odoorpc_reads_references_absences_and_moments(client: odoorpc.ODOO) -> None:
    row = client.env["res.partner"].search_read([("id", "=", 2)], ["name", "parent_id", "vat", "write_date"])[0]
    assert row == {
        "id": 2, "name": "P1", "parent_id": [1, "P0"], "vat": False, "write_date": "2026-01-05 08:00:00",
    }  # fmt: skip
    person = client.env["res.partner"].browse(2)
    assert (person.name, person.parent_id.name, person.is_company) == ("P1", "P0", False)


def test_odoorpc_is_told_what_it_did_wrong(client: odoorpc.ODOO, server: tuple[OdooServer, str]) -> None:
    with pytest.raises(odoorpc.error.RPCError, match="Invalid field"):
        client.env["res.partner"].search([("nonsense", "=", 1)])
    with pytest.raises(odoorpc.error.RPCError, match="doesn't exist"):
        client.env["no.such.model"].search([])
    with pytest.raises(odoorpc.error.RPCError, match="Wrong login"):
        client.login("acme", "reader", "wrong")
    server[0].store.unreadable.add("crm.lead")
    with pytest.raises(odoorpc.error.RPCError, match="not allowed"):
        client.execute("crm.lead", "search_read", [])


def test_json2_answers_with_a_bare_list_a_bare_number_and_honest_statuses() -> None:
    contract = OdooServer()
    contract.store.insert("res.partner", name="Acme")
    with serving(contract, contract.script) as running:

        def post(path: str, body: dict[str, object], key: str = contract.key) -> tuple[int, object]:
            headers = {"Authorization": f"bearer {key}", "X-Odoo-Database": "acme"}
            answer = requests.post(f"{running.url}/json/2/{path}", json=body, headers=headers, timeout=5)
            return answer.status_code, answer.json()

        assert post("res.partner/search_read", {"domain": [], "fields": ["name"]}) == (200, [{"id": 1, "name": "Acme"}])
        assert post("res.partner/search_count", {"domain": []}) == (200, 1)
        assert post("res.partner/read", {"ids": [9], "fields": ["name"]}) == (200, [])
        status, body = post("res.partner/search", {}, key="wrong")
        assert status == 401
        assert isinstance(body, dict)
        assert set(body) == {"name", "message", "arguments", "context", "debug"}
        assert post("x.y/search", {})[0] == 404
        assert post("res.partner/search", {"domain": [["x", "=", 1]]})[0] == 500
        assert post("res.partner/search_read", {"colour": 1})[0] == 500
