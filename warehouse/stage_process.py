"""Run one `guanxi` command as a process, follow its output line by line, and end it when asked."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from warehouse import leash

GRACE_SECONDS = 10
KEPT_LINES = 40
COMMAND_VARIABLE = "GUANXI_COMMAND"


def guanxi_command(environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return the program that stands for `guanxi`: GUANXI_COMMAND, or this environment's own."""
    given = (os.environ if environment is None else environment).get(COMMAND_VARIABLE)
    if given:
        return (given,)
    return (str(Path(sys.executable).with_name("guanxi")),)


def stage_environment(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for a stage: ours without Airflow's settings, some of which lead to secrets."""
    source = os.environ if environment is None else environment
    return {name: value for name, value in source.items() if not name.startswith(("AIRFLOW", "_AIRFLOW"))}


@dataclass(slots=True)
class StageProcess:
    """A running command, in a session of its own, that ends with the process that holds this object.

    Use as a context manager; leaving the block ends the command. `on_line` gets each line of stdout and stderr,
    without its line end, from other threads, one call at a time.
    """

    command: Sequence[str]
    on_line: Callable[[str], None]
    environment: Mapping[str, str] | None = None
    grace_seconds: float = GRACE_SECONDS
    stdout_lines: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))
    stderr_lines: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))
    _leash: subprocess.Popen[str] | None = None
    _readers: list[threading.Thread] = field(default_factory=list)
    _one_line: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        self._leash = subprocess.Popen(
            [sys.executable, "-I", "-S", str(leash.__file__), str(self.grace_seconds), *self.command],
            env=dict(self.environment) if self.environment is not None else None,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # a signal to our group must reach the command through the leash only
        )
        for stream, kept in ((self._leash.stdout, self.stdout_lines), (self._leash.stderr, self.stderr_lines)):
            if stream is not None:
                reader = threading.Thread(target=self._follow, args=(stream, kept), daemon=True)
                reader.start()
                self._readers.append(reader)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self.wait()

    def stop(self) -> None:
        """Ask the command to end (SIGINT, then SIGKILL after the grace). Returns at once; safe in a signal handler."""
        if self._leash is not None and self._leash.stdin is not None:
            with contextlib.suppress(OSError):
                self._leash.stdin.close()

    def is_running(self) -> bool:
        return self._leash is not None and self._leash.poll() is None

    def wait(self) -> int:
        """Wait for the end and return the exit status; 128 + n when signal n ended the command."""
        if self._leash is None:
            raise RuntimeError("the process was not started: use it in a with block")
        status = self._leash.wait()
        for reader in self._readers:
            reader.join(timeout=self.grace_seconds)
        return 128 - status if status < 0 else status

    def last_words(self, count: int = 8) -> str:
        """Return the last lines of stderr, or of stdout when stderr was silent."""
        lines = list(self.stderr_lines or self.stdout_lines)
        return "\n".join(lines[-count:])

    def _follow(self, stream: IO[str], kept: deque[str]) -> None:
        for line in stream:
            text = line.rstrip("\r\n")
            kept.append(text)
            with self._one_line:
                self.on_line(text)
