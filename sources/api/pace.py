"""So many calls in so many seconds: a system's published limit, kept by us before it has to be kept by it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock


@dataclass(slots=True)
class Pace:
    """At most `calls` in any `seconds`. May be shared by threads."""

    calls: int
    seconds: float
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.monotonic
    _sent: deque[float] = field(default_factory=deque)
    _lock: Lock = field(default_factory=Lock)

    def take(self) -> None:
        """Wait until one more call keeps the limit, and count it."""
        with self._lock:
            now = self.now()
            while self._sent and now - self._sent[0] >= self.seconds:
                self._sent.popleft()
            wait = self._sent[0] + self.seconds - now if len(self._sent) >= self.calls else 0.0
            if wait > 0:
                self.sleep(wait)
                self._sent.popleft()
            self._sent.append(now + max(0.0, wait))
