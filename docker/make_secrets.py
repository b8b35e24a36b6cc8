"""Write the secrets that docker-compose.yml names into the folder secrets/, each unless it is there.

Compose gives a container a file with the rights it has outside, whoever owns it there. So the files are readable
and the folder is closed to everyone but its owner.
"""

from __future__ import annotations

import base64
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "secrets"


def main() -> int:
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    FOLDER.chmod(0o700)
    for name, make in MAKERS.items():
        file = FOLDER / f"{name}.txt"
        if not file.exists():
            file.write_text(make(), encoding="utf-8")
            file.chmod(0o644)
            sys.stdout.write(f"made {file.relative_to(FOLDER.parent)}\n")
    return 0


def _password() -> str:
    return secrets.token_urlsafe(32)


def _value(name: str) -> str:
    return (FOLDER / f"{name}.txt").read_text(encoding="utf-8").strip()


# In this order: a URL holds a password that stands above it.
MAKERS: dict[str, Callable[[], str]] = {
    "postgres_password": _password,
    "airflow_database_password": _password,
    "warehouse_url": lambda: f"postgresql://guanxi_admin:{_value('postgres_password')}@postgres:5432/guanxi",
    "airflow_database_url": lambda: (
        f"postgresql+psycopg2://guanxi_airflow:{_value('airflow_database_password')}@postgres:5432/airflow"
    ),
    "role_secret": _password,
    "smtp_url": lambda: "smtp://mailbox:8025",
    "feedback_imap_url": lambda: "",
    "alert_webhook": lambda: "",  # none until somebody puts one there
    "airflow_fernet": lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    "airflow_jwt": lambda: secrets.token_hex(64),
    "airflow_api": lambda: secrets.token_hex(64),
    "airflow_password": _password,
}

if __name__ == "__main__":
    sys.exit(main())
