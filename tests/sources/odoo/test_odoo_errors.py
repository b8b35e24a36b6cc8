"""What an Odoo refuses is told with what to mend, and never with a secret or a record's name."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from sources.api.http import Patience
from sources.errors import MissingTableError, SourceUnreachableError
from sources.mapping.mapping import DatasetOptions
from sources.mapping.reader import BadMappingError
from sources.odoo.errors import OdooRefusedError
from sources.tables import MissingColumnError, RenamedColumnError
from tests.servers.framework import Fault
from tests.servers.odoo_store import OdooError
from tests.sources.odoo.desk import HISTORY, LEADS, PARTNERS, Desk

CANARY = "canary-5f1d0c"


def _is_json2(desk: Desk) -> bool:
    return desk.server.version == 19


def test_a_wrong_key_is_told_at_once(desk: Desk) -> None:
    connector = desk.connector({"api_key": CANARY})
    with pytest.raises(SourceUnreachableError, match="was refused") as caught:
        connector.count(PARTNERS)
    assert CANARY not in str(caught.value) + repr(caught.value) + repr(connector)
    assert connector.http.waited_seconds == 0
    (finding,) = connector.test({"partners": PARTNERS})
    assert (finding.is_well, finding.what) == (False, "credentials")


def test_no_text_of_the_connector_holds_a_credential(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    desk.server.key = CANARY
    connector = desk.connector()
    pages = list(connector.records(PARTNERS, ("name",), since=None, state=None))
    texts = [repr(connector), repr(connector.door), repr(connector.settings), caplog.text, connector.usage()]
    texts += [json.dumps(page.state) for page in pages]
    assert [text for text in texts if CANARY in text] == []


def test_a_login_that_odoo_forgot_in_the_middle_is_made_anew_once(desk: Desk) -> None:
    if _is_json2(desk):
        pytest.skip("JSON-2 has no login")
    desk.server.script.faults = [Fault("expired_token", 3)]
    assert len(desk.read(PARTNERS, "name", page_size=1)) == 4
    assert [fault.kind for fault in desk.server.script.shown] == ["expired_token"]


def test_jsonrpc_needs_a_database_and_a_login(desk: Desk) -> None:
    if _is_json2(desk):
        pytest.skip("JSON-2 needs neither")
    with pytest.raises(SourceUnreachableError, match="no database in its settings and no login"):
        desk.connector({"login": ""}, database=None).count(PARTNERS)


def test_a_database_that_does_not_exist(desk: Desk) -> None:
    with pytest.raises(SourceUnreachableError, match="`database`") as caught:
        desk.connector(database="nope").count(PARTNERS)
    assert desk.server.key not in str(caught.value)


def test_a_model_that_does_not_exist(desk: Desk) -> None:
    with pytest.raises(MissingTableError, match=r"model crm\.laed\n  seen:     no such model"):
        desk.connector().fields(DatasetOptions.model_validate({"object": "crm.laed"}))


def test_a_model_that_we_may_not_read(desk: Desk) -> None:
    desk.server.store.unreadable.add("mail.tracking.value")
    with pytest.raises(MissingTableError, match="no right to read it") as caught:
        desk.read(HISTORY, "model")
    assert "Jacques" not in str(caught.value)


def test_a_dataset_without_an_object(desk: Desk) -> None:
    with pytest.raises(MissingTableError, match="without an object"):
        desk.connector().count(DatasetOptions.model_validate({}))


def test_a_column_that_is_not_there_and_one_that_was_renamed(desk: Desk) -> None:
    with pytest.raises(MissingColumnError, match="no column nonsense"):
        desk.read(PARTNERS, "nonsense")
    desk.server.store.rename_field("res.partner", "vat", "vat_no")
    with pytest.raises(RenamedColumnError, match="vat"):
        desk.read(PARTNERS, "vat.id", "name")


def test_a_path_that_leads_nowhere_or_too_far(desk: Desk) -> None:
    with pytest.raises(MissingColumnError, match="no column nonsense"):
        desk.read(LEADS, "partner_id.nonsense")
    with pytest.raises(MissingColumnError, match="through two references"):
        desk.read(LEADS, "partner_id.parent_id.vat")


def test_a_field_that_goes_in_the_middle_of_a_walk_stops_it(desk: Desk) -> None:
    connector = desk.connector(page_size=1, concurrency=1)
    pages = connector.records(PARTNERS, ("vat",), since=None, state=None)
    desk.server.script.faults = [Fault("drift", 2 + (not _is_json2(desk)))]  # the login, the fields, the ids
    with pytest.raises(MissingColumnError, match="no field vat"):
        list(pages)


def test_an_error_of_odoos_own_code_is_told_by_its_kind_and_not_sent_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    connector = desk.connector()
    connector.door.greet()
    before = connector.http.request_count

    def fail(*_: object) -> None:
        raise OdooError("builtins.KeyError", "the partner Acme GmbH", 500)

    monkeypatch.setattr(desk.server.store, "search", fail)
    with pytest.raises(OdooRefusedError, match="KeyError when search_count was called") as caught:
        connector.count(PARTNERS)
    assert "Acme" not in str(caught.value)
    assert connector.http.request_count == before + 1


def test_an_error_of_odoos_database_passes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    found, failures = desk.server.store.search, [True, True]

    def fail_twice(*arguments: object) -> list[int]:
        if failures:
            failures.pop()
            raise OdooError("psycopg2.errors.SerializationFailure", "could not serialize access", 500)
        return found(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(desk.server.store, "search", fail_twice)
    assert desk.connector().count(PARTNERS) == 4


def test_an_address_without_an_odoo(desk: Desk) -> None:
    with pytest.raises(SourceUnreachableError) as caught:
        desk.connector(door="json2", base_url=f"{desk.url}/shop", database=None).count(PARTNERS)
    assert "HTTP 404 that is not Odoo's" in str(caught.value)


def test_patience_ends_with_what_was_seen(desk: Desk) -> None:
    connector = desk.connector(patience=Patience(attempts=3))
    connector.door.greet()
    desk.server.script.faults = [Fault("too_many_requests", 0, seconds=30)] * 3
    with pytest.raises(SourceUnreachableError, match="HTTP 429"):
        connector.count(PARTNERS)
    assert connector.http.waited_seconds == 60


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"door": "xmlrpc"}, "settings, door"),
        ({"dor": "json2"}, "did you mean door?"),
        ({"domains": {"res.partner": [["is_company"]]}}, "the domain of res.partner"),
        ({"page_size": 0}, "settings, page_size"),
    ],
)
def test_settings_that_are_wrong_are_named(desk: Desk, settings: dict[str, Any], told: str) -> None:
    with pytest.raises(BadMappingError) as caught:
        desk.connector(**settings)
    assert told in str(caught.value)


def test_a_test_of_the_source_tells_what_each_dataset_holds(desk: Desk) -> None:
    desk.server.store.unreadable.add("crm.lead")
    findings = list(desk.connector().test({"partners": PARTNERS, "leads": LEADS}))
    assert [(each.what, each.is_well) for each in findings] == [
        ("credentials", True), ("dataset partners", True), ("dataset leads", False),
    ]  # fmt: skip
    assert findings[1].told == "4 records of res.partner, the newest change at 2026-01-05 08:00:00 UTC"
    assert "right" in findings[2].next_step
