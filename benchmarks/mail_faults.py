"""What goes wrong with mails: deeds of a mail server, a certificate nobody trusts, a sender that is killed."""

from __future__ import annotations

import os
import random
import signal
from dataclasses import dataclass
from typing import Any

from delivery.outbox import Outbox
from delivery.smtp import Courier
from tests.delivery.conftest import Policy

RECIPIENTS = 200
KILL_POINTS = ("before begin", "before send", "after send", "after settle")


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong: with which chance a mail meets which deed of the server, and how long a killed run lasts."""

    name: str
    deeds: tuple[tuple[str, float], ...] = ()
    sends_until_killed: int | None = None
    is_untrusted: bool = False

    def policy(self, seed: int) -> Policy:
        """Return what the server does; a mail draws anew each time it is handed in, a refusal for good stays."""
        draw = random.Random(seed)  # noqa: S311 - faults, not secrets
        share = dict(self.deeds).get("550", 0.0)
        for_good = {
            f"m{number:03d}@example.test" for number in draw.sample(range(RECIPIENTS), round(share * RECIPIENTS))
        }

        def deed(recipient: str, _number: int) -> str:
            if recipient in for_good:
                return "550"
            chance = draw.random()
            for name, share in self.deeds:
                if name != "550":
                    if chance < share:
                        return name
                    chance -= share
            return "ok"

        return deed


FAULTS = (
    Fault("none"),
    Fault("451, refused for now (5 %)", (("451", 0.05),)),
    Fault("550, refused for good (5 %)", (("550", 0.05),)),
    Fault("cut before the mail is kept (5 %)", (("drop before", 0.05),)),
    Fault("cut after it is kept, no reply (5 %)", (("drop after", 0.05),)),
    Fault("hangs after it is kept (2 %)", (("hang", 0.02),)),
    Fault("TLS refused, later trusted", is_untrusted=True),
    Fault("sender killed between two states", sends_until_killed=12),
    Fault(
        "all of them",
        (("451", 0.05), ("550", 0.02), ("drop before", 0.05), ("drop after", 0.05), ("hang", 0.01)),
        sends_until_killed=25,
    ),
)


def die(point: str, at: int) -> None:
    """Let this process be killed at the `at`-th time that it comes to a point."""
    when, _, step = point.partition(" ")
    owner: Any = Courier if step == "send" else Outbox
    real = getattr(owner, step)
    left = [at]

    def deadly(*args: Any, **values: Any) -> Any:
        left[0] -= 1
        if when == "before" and left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*args, **values)
        if when == "after" and left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, step, deadly)
