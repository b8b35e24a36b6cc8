"""Airflow's own home: its folder, its secrets, its metadata database and all of its settings.

Nothing here imports Airflow. Secrets lie in files that only their owner can read; Airflow is told to read the
files (its `_CMD` settings), so that they stand neither on a command line nor in a process's environment.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psycopg
from psycopg import sql

from warehouse.database import connect
from warehouse.errors import Problem
from warehouse.house import secret, with_database
from warehouse.migrate import create_database
from warehouse.settings import ROOT, Settings

HOST = "127.0.0.1"
USER = "admin"
METADATA = "airflow"
METADATA_ONCE = "airflow_once"
METADATA_ROLE = "guanxi_airflow"
PARALLEL_TASKS = 3
HEARTBEAT_TIMEOUT_SECONDS = 120


class MetadataDatabaseError(Problem):
    """Airflow's metadata database cannot be brought to the shape that this Airflow needs."""


@dataclass(frozen=True, slots=True)
class AirflowHome:
    """Where Airflow keeps its files, and the login of its one local user."""

    folder: Path

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def passwords(self) -> Path:
        """The file of SimpleAuthManager: a JSON object of user to password."""
        return self.folder / "passwords.json"

    def url_file(self, database: str) -> Path:
        return self.folder / "secrets" / f"{database}.url"

    def login(self) -> tuple[str, str]:
        """Return user and password; tell them only to the person who started the stack."""
        passwords: dict[str, str] = json.loads(self.passwords.read_text(encoding="utf-8"))
        return USER, passwords[USER]


def make_airflow_home(settings: Settings, *, server_url: str, database: str = METADATA) -> AirflowHome:
    """Make the folder, the secrets and the metadata database, each unless it is there; return the home.

    `server_url` is the administrator's URL of the server that gets the database when
    GUANXI_AIRFLOW_DATABASE_URL names none.
    """
    folder = settings.home.absolute() / "airflow"
    home = AirflowHome(folder)
    home.logs.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    for name in ("jwt", "api"):  # HS512 wants a key of 64 bytes or more
        _write_private(folder / "secrets" / name, hashlib.sha512(secret(folder, f"{name}_seed").encode()).hexdigest())
    if not home.passwords.exists():
        _write_private(home.passwords, json.dumps({USER: secret(folder, "login")}) + "\n")
    # Fernet wants 32 bytes in URL-safe base64
    key = hashlib.sha256(secret(folder, "fernet_seed").encode()).digest()
    _write_private(folder / "secrets" / "fernet", base64.urlsafe_b64encode(key).decode())
    if settings.airflow_database_url is not None:
        url = settings.airflow_database_url.get_secret_value()
    else:
        url = _own_database(server_url, database, password=secret(folder, "database"))
    _write_private(home.url_file(database), "postgresql+psycopg2://" + url.split("://", 1)[1])
    return home


def airflow_environment(
    settings: Settings, home: AirflowHome, *, timezone: str, database: str = METADATA
) -> dict[str, str]:
    """Return every variable that Airflow, its DAGs and their stages need, the `guanxi` settings included.

    `timezone` is the business's. Merge it over the environment of the process that is started.
    """
    return {
        **_airflow_settings(settings, home, database),
        **settings_environment(settings),
        "GUANXI_TIMEZONE": timezone,
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
        # airflow's worker processes rename themselves, which would wipe the environment that others can see
        "SPT_NOENV": "1",
        "PYTHONWARNINGS": "ignore::DeprecationWarning",
    }


def settings_environment(settings: Settings) -> dict[str, str]:
    """Return the settings as GUANXI_ variables, paths made absolute; what is not set is left out."""
    found: dict[str, str] = {}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if value is None:
            continue
        if hasattr(value, "get_secret_value"):
            value = value.get_secret_value()
        found[f"GUANXI_{name.upper()}"] = str(value.absolute() if isinstance(value, Path) else value)
    return found


def _airflow_settings(settings: Settings, home: AirflowHome, database: str) -> dict[str, str]:
    api = f"http://{HOST}:{settings.api_port}"
    sections: dict[str, dict[str, object]] = {
        "CORE": {
            "EXECUTOR": "LocalExecutor",
            "PARALLELISM": PARALLEL_TASKS,
            "LOAD_EXAMPLES": False,
            "DAGS_FOLDER": ROOT / "dags",
            "PLUGINS_FOLDER": ROOT / "dags" / "plugins",
            "DAGS_ARE_PAUSED_AT_CREATION": False,
            "FERNET_KEY_CMD": _read(home.folder / "secrets" / "fernet"),
            "EXECUTION_API_SERVER_URL": f"{api}/execution/",
            "SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
            "SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": home.passwords,
        },
        "DATABASE": {"SQL_ALCHEMY_CONN_CMD": _read(home.url_file(database)), "LOAD_DEFAULT_CONNECTIONS": False},
        "API": {
            "HOST": HOST,
            "PORT": settings.api_port,
            "BASE_URL": api,
            "WORKERS": 1,
            "SECRET_KEY_CMD": _read(home.folder / "secrets" / "api"),
        },
        "API_AUTH": {"JWT_SECRET_CMD": _read(home.folder / "secrets" / "jwt")},
        "SCHEDULER": {
            "TASK_INSTANCE_HEARTBEAT_TIMEOUT": HEARTBEAT_TIMEOUT_SECONDS,
            "ORPHANED_TASKS_CHECK_INTERVAL": 60,
        },
        "DAG_PROCESSOR": {"PARSING_PROCESSES": 1, "MIN_FILE_PROCESS_INTERVAL": 60, "REFRESH_INTERVAL": 60},
        "LOGGING": {
            "BASE_LOG_FOLDER": home.logs,
            "DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": home.logs / "dag_processor",
        },
        "USAGE_DATA_COLLECTION": {"ENABLED": False},
    }
    named = {
        f"AIRFLOW__{section}__{option}": str(value)
        for section, options in sections.items()
        for option, value in options.items()
    }
    return {"AIRFLOW_HOME": str(home.folder), **named}


def migrate_metadata(home: AirflowHome, environment: dict[str, str], *, database: str = METADATA) -> bool:
    """Bring the metadata database to this Airflow's shape when it is behind; say whether that was needed.

    Raises MetadataDatabaseError. Takes about 10 s on an empty database and 0.1 s on one that is up to date.
    """
    if is_migrated(home, database=database):
        return False
    log = home.logs / "migrate.log"
    with log.open("a", encoding="utf-8") as output:
        done = subprocess.run(
            [sys.executable, "-m", "airflow", "db", "migrate"],
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=600,
        )
    if done.returncode != 0:
        raise MetadataDatabaseError(
            "Airflow's metadata database",
            seen=f"`airflow db migrate` ended with status {done.returncode}",
            expected=f"a database in the shape of Airflow {version('apache-airflow')}",
            next_step=f"read the end of {log}; after a downgrade of Airflow, drop the database {database}",
        )
    note_migrated(home, database=database)
    return True


def is_migrated(home: AirflowHome, *, database: str) -> bool:
    """Say whether the database is where this version of Airflow last left it. Costs one small query."""
    try:
        noted = json.loads(_note(home, database).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(noted == _shape(home, database))


def note_migrated(home: AirflowHome, *, database: str) -> None:
    """Remember the shape of a database that has just been migrated."""
    _note(home, database).write_text(json.dumps(_shape(home, database)), encoding="utf-8")


def _note(home: AirflowHome, database: str) -> Path:
    return home.folder / f"{database}.migrated.json"


def _shape(home: AirflowHome, database: str) -> dict[str, str | None]:
    url = home.url_file(database).read_text(encoding="utf-8").replace("+psycopg2", "", 1)
    with connect(url) as connection:
        try:
            row = connection.execute("select version_num from alembic_version").fetchone()
        except psycopg.errors.UndefinedTable:
            row = None
    return {"airflow": version("apache-airflow"), "revision": None if row is None else str(row[0])}


def _own_database(server_url: str, database: str, *, password: str) -> str:
    """Make a database that belongs to a role which can do nothing else; return the role's URL."""
    role = sql.Identifier(METADATA_ROLE)
    with connect(server_url) as connection:
        connection.execute("select pg_advisory_xact_lock(hashtextextended('guanxi.airflow', 0))")
        if not connection.execute("select 1 from pg_roles where rolname = %s", (METADATA_ROLE,)).fetchone():
            connection.execute(sql.SQL("create role {} login").format(role))
        connection.execute(sql.SQL("alter role {} password {}").format(role, sql.Literal(password)))
    create_database(server_url, database)
    with connect(server_url) as connection:
        connection.execute(sql.SQL("grant {} to current_user").format(role))
        name = sql.Identifier(database)
        connection.execute(sql.SQL("alter database {} owner to {}").format(name, role))
        connection.execute(sql.SQL("revoke all on database {} from public").format(name))
    host = server_url.split("@", 1)[1]
    return with_database(f"postgresql://{METADATA_ROLE}:{password}@{host}", database)


def _read(file: Path) -> str:
    return f"cat {shlex.quote(str(file))}"


def _write_private(file: Path, text: str) -> None:
    """Write a file that nobody but its owner could read at any moment."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as output:
        output.write(text)
    draft.replace(file)
