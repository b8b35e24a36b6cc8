"""What Tryton refuses is told with what to mend, and never with a secret or a record's name.

The answers are those of Tryton 8.2.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sources.api.address import AddressRule
from sources.api.http import Http, Patience
from sources.errors import MissingTableError, SourceUnreachableError
from sources.mapping.mapping import DatasetOptions, SourceOptions
from sources.tables import MissingColumnError
from sources.tryton.connector import TrytonConnector, open_connector
from sources.tryton.errors import TrytonRefusedError
from tests.servers.framework import Reply, Request, serving

SECRET = "canary-5f1d0c"
SALES = DatasetOptions.model_validate({"object": "sale.sale"})


class Stub:
    """Lets everybody in but where `login` says otherwise, and gives one answer to every call of a model."""

    def __init__(self, answer: Reply, login: Reply | None = None) -> None:
        self.answer, self.login, self.methods = answer, login, list[str]()

    def __call__(self, request: Request) -> Reply:
        method = request.json()["method"]
        self.methods.append(method)
        if method == "common.db.login":
            return self.login or Reply({"id": 0, "result": [3, f"session-{len(self.methods)}", None]})
        if method.endswith("get_preferences") and self.answer.status == 200:
            return Reply({"id": 0, "result": {"company": 1, "language": "en"}})
        return self.answer


def _connector(url: str, folder: Path) -> TrytonConnector:
    options = SourceOptions.model_validate({
        "name": "erp", "kind": "tryton", "settings": {"base_url": url, "database": "acme"},
        "datasets": {"sales": SALES}, "entities": {"orders": {"from": "sales", "fields": {"order_id": "id"}}},
    })  # fmt: skip
    secret = json.dumps({"login": "reader", "password": SECRET})
    http = Http("source erp", AddressRule(allows_private=True), Patience(attempts=3), sleep=lambda _: None)
    return open_connector(options, credentials_of={"GUANXI_SOURCE_ERP": secret}, http=http, tokens=folder)


def _error(*told: Any) -> Reply:
    return Reply({"id": 0, "error": list(told)})


@pytest.mark.parametrize(
    ("answer", "kind", "told", "calls"),
    [
        (_error("'sale.sale'", ""), MissingTableError, "no such model", 1),
        (_error("'colour'", ""), MissingColumnError, "no field colour", 1),
        (_error("UserError", ["You may not read Acme GmbH", "", None]), MissingTableError, "no right to read it", 1),
        (_error("UserWarning", ["x", "Acme GmbH", ""]), TrytonRefusedError, "a warning that a person must", 1),
        (_error("ConcurrencyException", "Acme GmbH"), SourceUnreachableError, "an error of Tryton itself", 3),
        (_error("Acme GmbH has no price", "Traceback"), SourceUnreachableError, "an error of Tryton itself", 3),
        (Reply({"id": 0}), SourceUnreachableError, "neither result nor error", 3),
        (Reply(b"", 504), SourceUnreachableError, "HTTP 504", 3),
    ],
)
def test_an_error_is_told_with_what_to_mend(
    answer: Reply, kind: type[Exception], told: str, calls: int, tmp_path: Path
) -> None:
    stub = Stub(answer)
    with serving(stub) as running, pytest.raises(kind, match=told) as caught:
        _connector(running.url, tmp_path).count(SALES)
    assert "Acme" not in str(caught.value)
    tried = [method for method in stub.methods if method != "common.db.login"]
    assert len([method for method in tried if answer.status != 200 or method.endswith("search_count")]) == calls


@pytest.mark.parametrize(
    ("status", "told", "logins"),
    [
        (401, "the session was refused, and a new one too", 2),
        (403, "the server does not offer it", 2),
        (404, "HTTP 404", 1),
        (413, "too many records at once", 1),
        (422, "HTTP 422", 1),
    ],
)
def test_a_status_that_stays_is_not_asked_for_again(status: int, told: str, logins: int, tmp_path: Path) -> None:
    stub = Stub(Reply(b"", status))
    with serving(stub) as running, pytest.raises((SourceUnreachableError, MissingTableError), match=told):
        _connector(running.url, tmp_path).count(SALES)
    assert stub.methods.count("common.db.login") == logins


@pytest.mark.parametrize(
    ("login", "told", "tries", "waited"),
    [
        (Reply(b"", 401), "the login was refused", 1, 0),
        (Reply(b"", 404), "HTTP 404", 1, 0),
        (_error("LoginException", ["code", "Code for reader", "char"]), "more than a password", 1, 0),
        (_error("Acme GmbH", ""), "an error of Tryton itself at the login", 3, None),
        # asked again at once, Tryton would only count one more
        (Reply(b"", 429), "HTTP 429: too many logins", 3, 620),
    ],
)
def test_a_login_that_fails_is_told_and_never_hurried(
    login: Reply, told: str, tries: int, waited: float | None, tmp_path: Path
) -> None:
    stub = Stub(Reply({"id": 0, "result": 1}), login)
    with serving(stub) as running:
        connector = _connector(running.url, tmp_path)
        (finding,) = connector.test({"sales": SALES})
        assert (finding.what, finding.is_well) == ("credentials", False)
        assert told in finding.told
        assert SECRET not in repr(connector) + finding.told + finding.next_step
    assert stub.methods.count("common.db.login") == tries
    assert waited is None or connector.http.waited_seconds == waited


def test_a_session_is_shared_and_the_password_is_kept_nowhere(tmp_path: Path) -> None:
    stub = Stub(Reply({"id": 0, "result": 5}))
    with serving(stub) as running:
        assert [_connector(running.url, tmp_path).count(SALES) for _ in range(3)] == [5, 5, 5]
    assert stub.methods.count("common.db.login") == 1
    kept = [file.read_text() for file in tmp_path.iterdir()]
    assert any("session-1" in text for text in kept)
    assert [text for text in kept if SECRET in text] == []
