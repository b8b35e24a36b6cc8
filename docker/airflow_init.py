"""What must be done once before Airflow's services start: its login and its metadata database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

PASSWORD = Path("/run/secrets/airflow_password")


def main() -> int:
    file = Path(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
    user = os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"].split(":", maxsplit=1)[0]
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Airflow opens the file for writing, so it cannot be the secret itself
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as passwords:
        json.dump({user: PASSWORD.read_text(encoding="utf-8").strip()}, passwords)
    return subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
