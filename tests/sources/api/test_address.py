"""Which addresses may be asked: https and public ones, whatever name or number they hide behind."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from sources.api.address import AddressRule
from sources.errors import SourceUnreachableError

INSIDE = (
    "https://127.0.0.1", "https://127.1", "https://2130706433", "https://0x7f000001", "https://0177.0.0.1",
    "https://localhost", "https://[::1]", "https://[::ffff:127.0.0.1]", "https://[::ffff:10.0.0.1]", "https://0.0.0.0",
    "https://10.1.2.3", "https://172.16.0.1", "https://192.168.1.1", "https://169.254.169.254", "https://100.64.0.1",
    "https://[fd00::1]", "https://[fe80::1]", "https://[fe80::1%25lo]",
)  # fmt: skip


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Names and what they mean; numbers mean what they mean everywhere."""
    known: dict[str, list[str]] = {"crm.example.com": ["93.184.215.14"]}
    real = socket.getaddrinfo

    def look_up(host: str, port: Any, *rest: Any, **more: Any) -> Any:
        if host in known:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in known[host]]
        if any(letter.isalpha() for letter in host) and ":" not in host and host != "localhost" and "x" not in host:
            raise socket.gaierror(-2, "Name or service not known")
        return real(host, port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


@pytest.mark.parametrize("url", INSIDE)
@pytest.mark.usefixtures("names")
def test_nothing_inside_our_network_is_asked(url: str) -> None:
    with pytest.raises(SourceUnreachableError):
        AddressRule().assert_allowed(url, thing="source crm")


def test_a_public_name_that_means_an_inside_address_is_refused(names: dict[str, list[str]]) -> None:
    names["crm.evil.example"] = ["93.184.215.14", "10.0.0.7"]
    with pytest.raises(SourceUnreachableError, match=r"10\.0\.0\.7, which is no public address"):
        AddressRule().assert_allowed("https://crm.evil.example/api", thing="source crm")


def test_a_public_address_is_asked_and_looked_up_once(names: dict[str, list[str]]) -> None:
    rule = AddressRule()
    rule.assert_allowed("https://crm.example.com/api", thing="source crm")
    del names["crm.example.com"]
    rule.assert_allowed("https://crm.example.com/other", thing="source crm")
    with pytest.raises(SourceUnreachableError, match="not known"):
        rule.assert_allowed("https://crm.example.com:8443/", thing="source crm")


@pytest.mark.parametrize("scheme", ["http", "ftp", "file", "gopher", ""])
@pytest.mark.usefixtures("names")
def test_only_https_is_asked(scheme: str) -> None:
    with pytest.raises(SourceUnreachableError, match="use https"):
        AddressRule().assert_allowed(f"{scheme}://crm.example.com", thing="source crm")


@pytest.mark.parametrize("allows_private", [True, False])
@pytest.mark.usefixtures("names")
def test_credentials_in_an_address_are_refused_and_not_told(*, allows_private: bool) -> None:
    with pytest.raises(SourceUnreachableError) as caught:
        AddressRule(allows_private).assert_allowed("https://me:canary-77@crm.example.com", thing="source crm")
    assert "canary-77" not in str(caught.value)


def test_settings_may_allow_what_is_inside() -> None:
    rule = AddressRule(allows_private=True)
    for url in ("http://127.0.0.1:8069", "https://192.168.1.1", "http://erp.internal"):
        rule.assert_allowed(url, thing="source crm")
    with pytest.raises(SourceUnreachableError, match="use https"):
        rule.assert_allowed("ftp://127.0.0.1", thing="source crm")
