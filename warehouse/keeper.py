"""Start a service after ending what its killed predecessor left: `python -m warehouse.keeper COMMAND …`.

A scheduler that dies leaves its task workers behind. They would go on beside those of the next scheduler, and
nobody would ever end them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from warehouse.leftovers import HOME_VARIABLE, SERVICE_VARIABLE, end_leftovers


def main(command: list[str]) -> None:
    ended = end_leftovers(Path(os.environ[HOME_VARIABLE]), service=os.environ[SERVICE_VARIABLE])
    if ended:
        sys.stderr.write(f"ended {ended} processes that the last {os.environ[SERVICE_VARIABLE]} had left\n")
        sys.stderr.flush()
    os.execv(command[0], command)  # noqa: S606 - a full path, without a shell


if __name__ == "__main__":
    main(sys.argv[1:])
