"""Superset's own home: its folder, its secrets, its metadata database, and the environment its processes get.

Nothing here imports Superset, which lives in an environment of its own. Secrets lie in files that only their owner can
read, where bi/inside/superset_config.py finds them; none stands on a command line or in an environment.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from warehouse.errors import Problem
from warehouse.house import House, secret
from warehouse.settings import ROOT
from warehouse.side_database import own_database, write_private

ADMIN = "admin"
HOST = "127.0.0.1"
METADATA_ROLE = "guanxi_superset"
ENVIRONMENT = ROOT / ".venv-bi"
INSIDE = Path(__file__).resolve().parent / "inside"


class NoSupersetError(Problem):
    """Superset's environment is not there."""


@dataclass(frozen=True, slots=True)
class SupersetHome:
    """Where the Superset of a company keeps its files, and the login of its administrator."""

    folder: Path

    @property
    def log(self) -> Path:
        return self.folder / "superset.log"

    @property
    def login_file(self) -> Path:
        """The administrator's password: only its owner can read it."""
        return self.folder / "secrets" / "login"

    def login(self) -> tuple[str, str]:
        """Return user and password; tell them only to the person who started it."""
        return ADMIN, self.login_file.read_text(encoding="utf-8")


def make_superset_home(house: House) -> SupersetHome:
    """Make the folder, the secrets and the metadata database, each unless it is there; return the home.

    Raises NoSupersetError, WarehouseUnreachableError.
    """
    program("python")
    home = SupersetHome(house.folder / "bi")
    home.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in ("key", "login"):
        secret(home.folder, name)
    url = own_database(
        house.server_url,
        f"{house.warehouse.database}_superset",
        role=METADATA_ROLE,
        password=house.warehouse.password(METADATA_ROLE),
    )
    write_private(home.folder / "secrets" / "metadata.url", "postgresql+psycopg2://" + url.split("://", 1)[1])
    return home


def program(name: str) -> str:
    """Return the full path of a program of Superset's environment. Raises NoSupersetError."""
    found = ENVIRONMENT / "bin" / name
    if not found.exists():
        raise NoSupersetError(
            "Superset",
            seen=f"no {ENVIRONMENT.name}/bin/{name} in the project",
            expected="its environment, made from bi/requirements.lock",
            next_step="make bi",
        )
    return str(found)


def superset_environment(home: SupersetHome) -> dict[str, str]:
    """Return what a process of Superset gets: ours without our settings, some of which are secrets."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("GUANXI_", "AIRFLOW", "PYTHON"))}
    return {
        **ours,
        "BI_HOME": str(home.folder),
        "SUPERSET_HOME": str(home.folder),
        "SUPERSET_CONFIG_PATH": str(INSIDE / "superset_config.py"),
        "SCARF_ANALYTICS": "false",
        "PYTHONWARNINGS": "ignore",
        "TZ": "UTC",
    }
