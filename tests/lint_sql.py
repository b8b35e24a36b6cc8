"""Lints the SQL: `python -m tests.lint_sql`. sqlfluff's dbt templater wants a database to connect to; it gets one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from tests.conftest import reachable_folder
from warehouse.embedded import EmbeddedServer

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: list[str]) -> int:
    """Run sqlfluff over the models and tests of dbt, or over the paths given; return its exit status."""
    paths = arguments or ["dbt_project/models", "dbt_project/tests"]
    with reachable_folder() as folder, EmbeddedServer(folder / "postgres").leased() as url:
        server = urlsplit(url)
        environment = dict(os.environ) | {
            "GUANXI_DBT_HOST": str(server.hostname),
            "GUANXI_DBT_PORT": str(server.port),
            "GUANXI_DBT_USER": str(server.username),
            "GUANXI_DBT_PASSWORD": str(server.password),
            "GUANXI_DBT_DBNAME": "postgres",
            "GUANXI_DBT_SCHEMA": "lint",
            "GUANXI_DBT_THREADS": "1",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        }
        command = [str(Path(sys.executable).with_name("sqlfluff")), "lint", *paths]
        return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
