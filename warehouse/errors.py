"""The one shape of every error a person will read."""

from __future__ import annotations


class Problem(Exception):  # noqa: N818 - the base; subclasses are named <WhatIsWrong>Error
    """Something a person must know of: which thing, what was seen, what was expected, what to do next.

    No part may hold a secret or a customer's data: problems are printed, logged and mailed. `may_pass` says whether
    the same thing, tried again after a while, may succeed.
    """

    may_pass = True

    def __init__(self, thing: str, *, seen: str, expected: str, next_step: str) -> None:
        self.thing = thing
        self.seen = seen
        self.expected = expected
        self.next_step = next_step
        super().__init__(thing, seen, expected, next_step)

    def __str__(self) -> str:
        return "\n".join(
            (
                self.thing,
                f"  seen:     {self.seen}",
                f"  expected: {self.expected}",
                f"  next:     {self.next_step}",
            )
        )


class GateClosedError(Problem):
    """A critical promise is broken; the night stops and the last good one stays live."""
