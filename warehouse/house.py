"""The house opened for one command: settings, company, warehouse and the folders that hold its state."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from warehouse.company import Company, load_company
from warehouse.database import Role, Warehouse
from warehouse.embedded import EmbeddedServer
from warehouse.migrate import create_database
from warehouse.settings import Settings


@dataclass(frozen=True, slots=True)
class House:
    """What every command works with. Folders are made on first use."""

    settings: Settings
    company: Company
    warehouse: Warehouse = field(repr=False)
    server_url: str = field(repr=False)

    @property
    def folder(self) -> Path:
        """The company's part of the state folder."""
        return _made(self.settings.home.absolute() / "company" / self.company.id)

    @property
    def runs(self) -> Path:
        return _made(self.folder / "runs")

    @property
    def mail(self) -> Path:
        """Where the local mail server keeps what it gets."""
        return _made(self.folder / "mail")

    @property
    def tokens(self) -> Path:
        """Where sources keep the access tokens that all processes share."""
        return token_folder(self.settings, self.company)

    @property
    def models(self) -> Path:
        return _made(self.folder / "models")

    @property
    def simulated(self) -> Path:
        """Where the simulator writes the CRM export and the truth."""
        return _made(self.folder / "simulated")

    @property
    def crm_folder(self) -> Path:
        return _made(self.simulated / "crm")

    @property
    def erp_database(self) -> str:
        return f"{self.warehouse.database}_erp"

    def erp_url(self) -> str | None:
        """Return the ERP's URL for reading: the setting, or the simulated company's own database."""
        if self.settings.erp_url is not None:
            return self.settings.erp_url.get_secret_value()
        if self.company.simulator is not None:
            return self.warehouse.url(Role.LOADER, database=self.erp_database)
        return None

    def make_simulated_erp(self) -> str:
        """Make the simulated company's ERP database, readable to the loader, and return its writer's URL."""
        create_database(self.server_url, self.erp_database)
        return with_database(self.server_url, self.erp_database)


def token_folder(settings: Settings, company: Company) -> Path:
    """Return where a company's sources keep the access tokens that all processes share."""
    return settings.home.absolute() / "company" / company.id / "secrets" / "tokens"


def secret(home: Path, name: str) -> str:
    """Return a secret of the state folder, made at first use, readable to its owner alone."""
    folder = home / "secrets"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / name
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(folder / f".{name}.{os.getpid()}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as draft:
            draft.write(secrets.token_urlsafe(32))
        try:
            os.link(folder / f".{name}.{os.getpid()}", file)  # whoever links first decides
        finally:
            (folder / f".{name}.{os.getpid()}").unlink()
    return file.read_text(encoding="utf-8")


def with_database(url: str, database: str) -> str:
    """Return a PostgreSQL URL that points at another database of the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{quote(database)}"))


@contextlib.contextmanager
def leased_server(settings: Settings) -> Iterator[str]:
    """Give the administrator's URL of the server: the setting's, or the embedded one's while it is leased."""
    if settings.warehouse_url is not None:
        yield settings.warehouse_url.get_secret_value()
        return
    with embedded_server(settings).leased() as url:
        yield url


def embedded_server(settings: Settings) -> EmbeddedServer:
    return EmbeddedServer(
        settings.home.absolute() / "postgres", port=settings.postgres_port, system_user=settings.postgres_user
    )


@contextlib.contextmanager
def opened_house(settings: Settings, *, company: str | None = None) -> Iterator[House]:
    """Open the house for a company; the embedded server runs meanwhile, when it is the one in use.

    Raises UnknownCompanyError, BadCompanyError, WarehouseUnreachableError, EmbeddedServerError.
    """
    chosen = load_company(company or settings.company, timezone=settings.timezone)
    role_secret = (
        settings.role_secret.get_secret_value()
        if settings.role_secret is not None
        else secret(settings.home.absolute(), "role_secret")
    )
    with leased_server(settings) as server_url:
        admin_url = server_url
        if settings.warehouse_url is None:  # the embedded server gives each company a database
            create_database(server_url, f"guanxi_{chosen.id}")
            admin_url = with_database(server_url, f"guanxi_{chosen.id}")
        yield House(settings, chosen, Warehouse(admin_url, role_secret), server_url)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
