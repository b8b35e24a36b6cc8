"""Which addresses a connector may ask: https, and nothing inside our own network unless the settings allow it."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sources.errors import SourceUnreachableError


@dataclass(slots=True)
class AddressRule:
    """The rule for one source. With `allows_private`, plain http and private addresses are taken too."""

    allows_private: bool = False
    _known: set[tuple[str, str, int | None]] = field(default_factory=set)

    def assert_allowed(self, url: str, *, thing: str) -> None:
        """Raise SourceUnreachableError unless the address may be asked; tell a wrong one before anything is sent.

        What a name means may change afterwards: each connection asks `assert_address` of what it connects to.
        """
        parts = urlsplit(url)
        place = (parts.scheme, parts.hostname or "", parts.port)
        if place in self._known:
            return
        if parts.username or parts.password:
            raise _refused(thing, "credentials inside the address", "keep them out of it, and in the source's own")
        if parts.scheme != "https" and not (self.allows_private and parts.scheme == "http"):
            raise _refused(thing, f"an address with {parts.scheme or 'no scheme'}", "use https")
        if not self.allows_private:
            for address in _addresses(parts.hostname or "", thing=thing):
                self.assert_address(parts.hostname or "", address, thing=thing)
        self._known.add(place)

    def assert_address(self, host: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address, *, thing: str) -> None:
        """Raise SourceUnreachableError unless a host may be asked at an address."""
        if self.allows_private or address.is_global:
            return
        raise _refused(
            thing,
            f"{host} is {address}, which is no public address",
            "if that is right, set GUANXI_ALLOW_PRIVATE_SOURCES=true",
        )


def _addresses(host: str, *, thing: str) -> set[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        raise _refused(thing, f"the host {host or '(none)'} is not known", "correct the address") from None
    return {ipaddress.ip_address(str(each[4][0]).split("%", maxsplit=1)[0]) for each in found}


def _refused(thing: str, seen: str, next_step: str) -> SourceUnreachableError:
    return SourceUnreachableError(
        thing,
        seen=seen,
        expected="an https address on the public internet",
        next_step=f"{next_step}, in the source's part of company.yml",
    )
