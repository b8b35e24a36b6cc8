"""What a company.yml may say of a Zoho CRM, its credentials, and the addresses of Zoho's data centres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field, SecretStr

from sources.api.settings import KindSettings
from sources.credentials import Credentials
from sources.mapping.reader import BadMappingError

DataCentreName = Literal["us", "eu", "in", "au", "jp", "cn", "sa", "ca"]

_ENDINGS: dict[str, tuple[str, str]] = {
    "us": ("zoho.com", "com"),
    "eu": ("zoho.eu", "eu"),
    "in": ("zoho.in", "in"),
    "au": ("zoho.com.au", "com.au"),
    "jp": ("zoho.jp", "jp"),
    "cn": ("zoho.com.cn", "com.cn"),
    "sa": ("zoho.sa", "sa"),
    "ca": ("zohocloud.ca", "ca"),
}


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where tokens are asked for, and the only addresses at which data may be asked for with them."""

    accounts: str
    api: frozenset[str]


class ZohoCredentials(Credentials):
    """A self client of the API console, and the refresh token that was made with it."""

    client_id: str = Field(min_length=1, repr=False)
    client_secret: SecretStr
    refresh_token: SecretStr


class ZohoSettings(KindSettings):
    """The `settings` of a source of kind zoho_crm.

    `walk` says how records are read: `pages` by the records API; `coql` by queries, where the asked columns and the
    module allow it; `auto` by pages, and a first load of more rows than pages can reach by queries. `first_load:
    bulk` reads a first load by export files. `keep_credits` stops an extract before the company's credits run out.
    """

    data_centre: DataCentreName
    walk: Literal["auto", "pages", "coql"] = "auto"
    first_load: Literal["pages", "bulk"] = "pages"
    concurrency: int = Field(4, ge=1, le=20)
    keep_credits: int = Field(500, ge=0)
    page_size: int = Field(200, ge=1, le=200)
    query_size: int = Field(2000, ge=1, le=2000)
    page_limit: int = Field(100_000, ge=1, le=100_000)
    base_address: str | None = None

    def addresses(self, source: str, *, allows_private: bool) -> Addresses:
        """Return the data centre's addresses, or that of a server for tests.

        Raises BadMappingError for the latter where private addresses are not allowed.
        """
        if self.base_address is not None:
            if not allows_private:
                raise BadMappingError(
                    f"company.yml, source {source}, settings, base_address",
                    seen="an address of its own",
                    expected="none: it is for servers of tests, where private addresses are allowed",
                    next_step="leave it out, and name the data_centre",
                )
            base = self.base_address.rstrip("/")
            return Addresses(base, frozenset({base}))
        accounts, ending = _ENDINGS[self.data_centre]
        hosts = ("www", "sandbox", "developer")
        return Addresses(
            f"https://accounts.{accounts}", frozenset(f"https://{host}.zohoapis.{ending}" for host in hosts)
        )
