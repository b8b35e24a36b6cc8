"""One night: the day it answers for, the generation it builds, and who may write for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg

from warehouse.errors import Problem


class FencedError(Problem):
    """Another attempt has taken over what this process was writing."""


@dataclass(frozen=True, slots=True)
class Night:
    """A run as the ledger knows it (ops.runs).

    `as_of` is the business day, in `timezone`, that every number answers for. `build_schema` is None until
    the first transform of the run has begun. `folder` exists and belongs to this attempt alone.
    """

    gen: int
    run_id: str
    attempt: int
    fence: str
    as_of: date
    company_id: str
    timezone: str
    build_schema: str | None
    folder: Path


@dataclass(frozen=True, slots=True)
class Claim:
    """The right of one process to write for one part of one stage, until a later process claims it."""

    night: Night
    stage: str
    part: str
    token: str
    number: int

    def assert_held(self, connection: psycopg.Connection) -> None:
        """Lock the claim for this transaction, or raise FencedError.

        Must be the first statement of every writing transaction: the lock makes a successor wait until the
        transaction has ended, so nothing of an old attempt can land after its successor began.
        """
        try:
            connection.execute(
                "select ops.assert_claim(%s, %s, %s, %s)", (self.night.gen, self.stage, self.part, self.token)
            )
        except psycopg.errors.SerializationFailure as error:
            raise FencedError(
                f"{self.stage} of {self.night.run_id}",
                seen=f"a later attempt owns generation {self.night.gen}",
                expected="this process to be the newest attempt",
                next_step="nothing: the newer attempt finishes the night. Nothing of this one was written.",
            ) from error
