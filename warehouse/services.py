"""The house as services, once: the local stack runs this list and docker-compose.yml is compared with it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Health = Literal["tcp", "metadatabase", "scheduler", "dag_processor", "triggerer", "api", "process"]


@dataclass(frozen=True, slots=True)
class Service:
    """One long-lived process.

    `words` is its command, the first word a program of this environment; `{name}` stands for a value that the
    place decides (ports, folders). `health` says what proves that it works: that its port answers ("tcp", "api"),
    what Airflow's API reports of it, or that its process runs ("process"). After `stop_seconds` a stop becomes a
    kill. `is_outlived`: when it is killed its workers go on, so its log must be a file: a pipe to the supervisor
    would break under them.
    """

    name: str
    words: tuple[str, ...]
    health: Health
    stop_seconds: int = 20
    is_outlived: bool = False

    def command(self, values: Mapping[str, str]) -> tuple[str, ...]:
        """Return the command with its values, the program as a full path."""
        program, *rest = (word.format_map(values) for word in self.words)
        return (str(Path(sys.executable).with_name(program)), *rest)


# Told to stop, triggerer and api-server close their work at once and then linger for 10 s: those get 3 and 4 s.
# The log servers of scheduler and triggerer would listen on every address; the API reads the shared folder instead.
SERVICES: tuple[Service, ...] = (
    Service("postgres", ("python", "-m", "warehouse.postgres_service"), "tcp", stop_seconds=60),
    Service(
        "mailbox",
        ("guanxi", "mailbox", "--host", "{mailbox_host}", "--port", "{mailbox_port}", "--folder", "{mail_folder}"),
        "tcp",
    ),
    Service("api-server", ("airflow", "api-server"), "api", stop_seconds=4),
    Service("scheduler", ("airflow", "scheduler", "--skip-serve-logs"), "scheduler", stop_seconds=30, is_outlived=True),
    Service("dag-processor", ("airflow", "dag-processor"), "dag_processor", stop_seconds=5),
    Service("triggerer", ("airflow", "triggerer", "--skip-serve-logs"), "triggerer", stop_seconds=3),
    # beside Airflow and not in it: it tells when Airflow is dead
    Service("alarm", ("guanxi", "alerts", "watch"), "process", stop_seconds=5),
)

AIRFLOW_SERVICES = tuple(service for service in SERVICES if service.words[0] == "airflow")
