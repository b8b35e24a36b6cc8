"""An Airflow connection as a source's credentials: what becomes what, and that it goes before the rest."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sources.credentials import Credentials, read_credentials, shown
from sources.databases.address import DatabaseAddress, DatabaseCredentials
from sources.files.remote import ProtocolCredentials, S3Credentials
from sources.fxiaoke.settings import FxiaokeCredentials
from sources.odoo.settings import OdooCredentials
from sources.tryton.settings import TrytonCredentials
from sources.zoho_crm.settings import ZohoCredentials
from tests.dags.conftest import StandIn
from tests.dags.test_stage import NIGHT, _context, _execute
from warehouse.company import SourceEntry

PASSWORD = "p@ss/w:rd #%"  # every character that a URL has a use for


def _made(
    monkeypatch: pytest.MonkeyPatch, kind: str, connection: dict[str, Any] | None, *, path: str | None = None,
    **given: str,
) -> dict[str, str]:  # fmt: skip
    """What a stage's environment becomes for a source `s` of a kind."""
    from dags.dag_support.connection import with_connection

    if connection is not None:
        monkeypatch.setenv("AIRFLOW_CONN_GUANXI_S", json.dumps(connection))
    made: dict[str, str] = with_connection(given, SourceEntry.model_validate({"name": "s", "kind": kind, "path": path}))
    return made


@pytest.mark.parametrize(
    ("kind", "fields", "connection", "expected"),
    [
        ("zoho_crm", ZohoCredentials, {"login": "id", "password": PASSWORD, "extra": {"refresh_token": "r"}},
         {"client_id": "id", "client_secret": PASSWORD, "refresh_token": "r"}),
        ("zoho_crm", ZohoCredentials, {"extra": {"client_id": "id", "client_secret": "c", "refresh_token": "r"}},
         {"client_id": "id", "client_secret": "c", "refresh_token": "r"}),
        ("fxiaoke", FxiaokeCredentials,
         {"login": "a", "password": PASSWORD, "extra": {"permanent_code": "p", "open_user_id": "1000"}},
         {"app_id": "a", "app_secret": PASSWORD, "permanent_code": "p", "open_user_id": "1000", "mobile": None}),
        ("odoo", OdooCredentials, {"login": "me", "password": PASSWORD}, {"login": "me", "api_key": PASSWORD}),
        ("odoo", OdooCredentials, {"password": PASSWORD}, {"login": None, "api_key": PASSWORD}),
        ("tryton", TrytonCredentials, {"login": "me", "password": PASSWORD}, {"login": "me", "password": PASSWORD}),
    ],
)  # fmt: skip
def test_a_systems_connection_gives_the_credentials_that_its_kind_wants(
    monkeypatch: pytest.MonkeyPatch, kind: str, fields: type[Credentials], connection: dict[str, Any],
    expected: dict[str, str | None],
) -> None:  # fmt: skip
    environment = _made(monkeypatch, kind, {"conn_type": "generic", **connection})
    assert _plain(read_credentials("s", fields, environment)) == expected
    assert "GUANXI_ERP_URL" not in environment


@pytest.mark.parametrize(
    ("conn_type", "host", "port", "is_mysql", "expected_port"),
    [("postgres", "erp.example.com", 6543, False, 6543), ("mysql", "erp.example.com", None, True, 3306),
     ("mariadb", "10.0.0.7", 3307, True, 3307), ("postgres", "fd00::7", None, False, 5432)],
)  # fmt: skip
def test_a_databases_connection_gives_its_url(
    monkeypatch: pytest.MonkeyPatch, conn_type: str, host: str, port: int | None, *, is_mysql: bool, expected_port: int
) -> None:
    connection = {"conn_type": conn_type, "host": host, "port": port, "schema": "erp data", "login": "re@der",
                  "password": PASSWORD, "extra": {"sslmode": "verify-full"}}  # fmt: skip
    environment = _made(monkeypatch, "erp_database", connection, GUANXI_ERP_URL_FILE="/no/such", OTHER="stays")
    url = shown(read_credentials("s", DatabaseCredentials, environment).url)
    address = DatabaseAddress(url, "the test")
    assert (address.is_mysql, address.host, address.port) == (is_mysql, host, expected_port)
    assert (address.user, address.password, address.database) == ("re@der", PASSWORD, "erp data")
    assert address.options == {"sslmode": "verify-full"}
    assert environment == {"GUANXI_SOURCE_S": json.dumps({"url": url}), "GUANXI_ERP_URL": url, "OTHER": "stays"}


def test_a_connection_goes_before_the_environment_and_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"GUANXI_SOURCE_S": '{"api_key": "old"}', "GUANXI_SOURCE_S_FILE": "/no/such"}
    environment = _made(monkeypatch, "odoo", {"conn_type": "generic", "password": "new"}, **given)
    assert environment == {"GUANXI_SOURCE_S": '{"api_key": "new"}'}


@pytest.mark.parametrize("kind", ["odoo", "erp_database"])
def test_without_a_connection_the_environment_stands(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    given = {"GUANXI_SOURCE_S_FILE": "/run/secrets/s", "GUANXI_ERP_URL": "postgresql://x"}
    assert _made(monkeypatch, kind, None, **given) == given


@pytest.mark.parametrize("path", [None, "data/crm", "package:names/folder"])
def test_files_of_this_machine_have_no_credentials(monkeypatch: pytest.MonkeyPatch, path: str | None) -> None:
    connection = {"conn_type": "generic", "password": PASSWORD}
    assert _made(monkeypatch, "files", connection, path=path, A="b") == {"A": "b"}


@pytest.mark.parametrize(
    ("path", "connection", "fields", "expected"),
    [
        ("s3://bucket/exports", {"login": "AK", "password": PASSWORD}, S3Credentials,
         {"access_key_id": "AK", "secret_access_key": PASSWORD, "session_token": None}),
        ("s3a://bucket", {"login": "AK", "extra": {"secret_access_key": PASSWORD, "session_token": "t"}}, S3Credentials,
         {"access_key_id": "AK", "secret_access_key": PASSWORD, "session_token": "t"}),
        ("https://files.example.com/x", {"extra": {"token": PASSWORD}}, ProtocolCredentials,
         {"options": {"token": PASSWORD}}),
    ],
)  # fmt: skip
def test_files_in_a_store_have_those_of_the_store(
    monkeypatch: pytest.MonkeyPatch, path: str, connection: dict[str, Any], fields: type[Credentials],
    expected: dict[str, Any],
) -> None:  # fmt: skip
    environment = _made(monkeypatch, "files", {"conn_type": "aws", **connection}, path=path)
    assert _plain(read_credentials("s", fields, environment)) == expected


def _plain(credentials: Credentials) -> dict[str, Any]:
    found = {name: getattr(credentials, name) for name in type(credentials).model_fields}
    return {name: _shown(value) for name, value in found.items()}


def _shown(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _shown(each) for name, each in value.items()}
    return shown(value) if hasattr(value, "get_secret_value") else value


@pytest.mark.parametrize(
    ("kind", "connection", "seen"),
    [("erp_database", {"password": PASSWORD}, "no host"), ("odoo", {"extra": PASSWORD}, "no JSON object"),
     ("odoo", {"extra": {"api_key": [PASSWORD]}}, "no JSON object"), ("odoo", {"extra": f'["{PASSWORD}"]'}, "no JSON")],
)  # fmt: skip
def test_a_connection_that_holds_no_credentials_is_told_without_what_it_holds(
    monkeypatch: pytest.MonkeyPatch, kind: str, connection: dict[str, Any], seen: str
) -> None:
    from dags.dag_support.connection import BadConnectionError

    with pytest.raises(BadConnectionError, match=seen) as caught:
        _made(monkeypatch, kind, {"conn_type": "generic", **connection})
    assert PASSWORD not in str(caught.value)
    assert "guanxi_s" in caught.value.thing


def test_the_stage_of_a_source_finds_its_connection_in_its_environment_alone(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dags.dag_support.stage import StageOperator

    monkeypatch.setenv("AIRFLOW_CONN_GUANXI_ODOO", json.dumps({"conn_type": "generic", "password": PASSWORD}))
    night = NIGHT | {"company": "examples/odoo"}
    operator = StageOperator(task_id="extract", stage="extract", night=night, source="odoo")
    context, pushed = _context({})
    _execute(operator, context)
    _execute(StageOperator(task_id="publish", stage="publish", night=night), _context({})[0])
    extract, publish = (note for note in stand_in.notes() if "words" in note)
    assert extract["given"] == {"GUANXI_SOURCE_ODOO": json.dumps({"api_key": PASSWORD})}
    assert publish["given"] == {}
    told = json.dumps([extract["words"], pushed, [getattr(operator, name) for name in operator.template_fields]])
    assert json.dumps(PASSWORD)[1:-1] not in told
