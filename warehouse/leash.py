"""Run a command that cannot outlive whoever asked for it. Standard library only: it must start in milliseconds.

    python -I -S leash.py GRACE_SECONDS COMMAND [ARGUMENT ...]

The caller holds the other end of this process's stdin. When that end closes, because the caller wants it so or
because it died of any cause, the command's whole process group gets SIGINT (dbt cancels its query on the server
only on SIGINT), and what is left of it after the grace gets SIGKILL. The command has no stdin.
The exit status is the command's own; 128 + n when signal n ended it; 126 when it could not be started.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

CANNOT_START = 126
_TICK_SECONDS = 0.05


def group_lives(group: int) -> bool:
    """Say whether any process of the group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def end_group(child: "subprocess.Popen[bytes]", grace: float) -> None:
    """SIGINT the child's group, wait up to `grace` seconds for all of it to end, then SIGKILL."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGINT)
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline:
        child.poll()  # a zombie child would keep its group alive
        if not group_lives(child.pid):
            return
        time.sleep(_TICK_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def main(arguments: list[str]) -> int:
    grace, command = float(arguments[0]), arguments[1:]
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as error:
        sys.stderr.write(f"{command[0]} cannot be started: {error.strerror}\n")
        return CANNOT_START

    ending = threading.Event()
    ended = threading.Event()

    def end() -> None:
        if not ending.is_set():
            ending.set()
            end_group(child, grace)
            ended.set()

    def follow_caller() -> None:
        with contextlib.suppress(OSError):
            while os.read(0, 1024):
                pass
        end()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: threading.Thread(target=end).start())
    threading.Thread(target=follow_caller, daemon=True).start()
    status = child.wait()
    if ending.is_set():
        ended.wait(grace + 1)  # the command is gone, but others of its group may not be
    return 128 - status if status < 0 else status


if __name__ == "__main__":
    # os._exit: the thread that reads stdin would hold up an ordinary exit on some platforms
    _status = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(_status)
