"""Where a source's database is: one URL, from the environment, the source's credentials or its mapping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from pydantic import SecretStr

from sources.credentials import Credentials, read_credentials, shown, variable_of
from sources.errors import SourceUnreachableError
from sources.mapping.mapping import SourceMapping

ENVIRONMENT = "${GUANXI_ERP_URL}"
POSTGRESQL = ("postgresql", "postgres")
MYSQL = ("mysql", "mariadb")
_PORTS = dict.fromkeys(POSTGRESQL, 5432) | dict.fromkeys(MYSQL, 3306)


class DatabaseCredentials(Credentials):
    """The URL with user and password, and options such as TLS after a question mark."""

    url: SecretStr


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """A database's URL; it may hold a password and is never shown. `origin` says where it was written."""

    url: str = field(repr=False)
    origin: str

    @property
    def parts(self) -> SplitResult:
        return urlsplit(self.url)

    @property
    def is_mysql(self) -> bool:
        return self.parts.scheme in MYSQL

    @property
    def host(self) -> str:
        return self.parts.hostname or "localhost"

    @property
    def port(self) -> int:
        return self.parts.port or _PORTS[self.parts.scheme]

    @property
    def database(self) -> str:
        return unquote(self.parts.path.lstrip("/"))

    @property
    def user(self) -> str:
        return unquote(self.parts.username or "")

    @property
    def password(self) -> str:
        """The password. It goes to the driver and nowhere else."""
        return unquote(self.parts.password or "")

    @property
    def options(self) -> dict[str, str]:
        return dict(parse_qsl(self.parts.query, keep_blank_values=True))


def database_address(
    mapping: SourceMapping, *, erp_url: str | None, environment: Mapping[str, str] | None = None
) -> DatabaseAddress:
    """Return the address a mapping means. Raises SourceUnreachableError when there is none, or none that can be read.

    A `url` that is written out is used as it stands; without one the source's own credentials go before
    GUANXI_ERP_URL, which `erp_url` is.
    """
    name = mapping.name
    url = mapping.options.url
    if url is not None and url != ENVIRONMENT:
        return _checked(DatabaseAddress(url, f"`url` of source {name} in company.yml"), name)
    if url is None and _has_credentials(name, environment):
        credentials = read_credentials(name, DatabaseCredentials, environment)
        return _checked(DatabaseAddress(shown(credentials.url), variable_of(name)), name)
    if erp_url is None:
        raise SourceUnreachableError(
            f"source {name}",
            seen="GUANXI_ERP_URL is not set",
            expected="postgresql://user:password@host:5432/database, or mysql://user:password@host:3306/database",
            next_step=f"set GUANXI_ERP_URL (or GUANXI_ERP_URL_FILE) to the ERP's database; of several databases each"
            f' may have its own: leave `url` out, and set {variable_of(name)} to {{"url": …}}',
        )
    return _checked(DatabaseAddress(erp_url, "GUANXI_ERP_URL"), name)


def _has_credentials(name: str, environment: Mapping[str, str] | None) -> bool:
    import os

    given = os.environ if environment is None else environment
    return bool(given.get(variable_of(name)) or given.get(f"{variable_of(name)}_FILE"))


def _checked(address: DatabaseAddress, name: str) -> DatabaseAddress:
    try:
        parts = address.parts
        # a password's own @, / or # ends the address too early; its rest would be told as host and database
        is_whole = "@" not in parts.path and not parts.fragment and parts.netloc.count("@") <= 1
        seen = "a URL that cannot be read" if not is_whole else ""
        if is_whole and parts.scheme not in _PORTS:
            seen = f"a URL that begins with {parts.scheme}://" if "://" in address.url else "no URL"
        if not seen and not (address.port and address.host):
            seen = "a URL without a host"
    except ValueError:
        seen = "a URL that cannot be read"
    if seen:
        raise SourceUnreachableError(
            f"source {name}",
            seen=seen,
            expected="postgresql://user:password@host:5432/database, or mysql://user:password@host:3306/database",
            next_step=f"correct {address.origin}; quote special characters of the password (@ as %40, / as %2F)",
        )
    return address
