"""Start a service after ending what its killed predecessor left.

    python -m warehouse.keeper [--log FILE] -- COMMAND [ARGUMENT ...]

A scheduler that dies leaves its task workers behind. They would go on beside those of the next scheduler, and
nobody would ever end them. With --log the command writes to that file; without it to whatever stdout is.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from warehouse.leftovers import HOME_VARIABLE, SERVICE_VARIABLE, end_leftovers

LONGEST_LOG_BYTES = 20_000_000


def main(arguments: list[str]) -> None:
    split = arguments.index("--")
    options, command = arguments[:split], arguments[split + 1 :]
    if options:
        _write_to(Path(options[1]))
    service = os.environ[SERVICE_VARIABLE]
    ended = end_leftovers(Path(os.environ[HOME_VARIABLE]), service=service)
    if ended:
        sys.stderr.write(f"ended {ended} processes that the last {service} had left\n")
        sys.stderr.flush()
    os.execv(command[0], command)  # noqa: S606 - a full path, without a shell


def _write_to(log: Path) -> None:
    """Send stdout and stderr to the end of a file; one that has grown too long becomes FILE.1 first."""
    if log.exists() and log.stat().st_size > LONGEST_LOG_BYTES:
        log.replace(log.with_name(log.name + ".1"))
    with log.open("a", encoding="utf-8") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)


if __name__ == "__main__":
    main(sys.argv[1:])
