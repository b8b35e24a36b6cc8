"""Keep the embedded PostgreSQL running as a service: `python -m warehouse.postgres_service`.

Holds a lease, so the server ends with the last of its users, and ends with status 1 when the server has died, so
that a supervisor starts both again.
"""

from __future__ import annotations

import signal
import sys
import threading

from warehouse.embedded import port_is_taken
from warehouse.house import embedded_server
from warehouse.settings import load_settings

LOOK_SECONDS = 1.0


def main() -> int:
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    server = embedded_server(load_settings())
    with server.leased():
        while not stopping.wait(LOOK_SECONDS):
            if not port_is_taken(server.used_port):
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
