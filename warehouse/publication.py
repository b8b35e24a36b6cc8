"""Write, audit, publish: the generations of the marts that readers see."""

from __future__ import annotations

import psycopg

from warehouse.errors import GateClosedError, Problem
from warehouse.night import Claim, FencedError


class NotPublishableError(Problem):
    """A generation that may not go live."""


class BuildRefusedError(GateClosedError):
    """What was built is not what the contracts of the marts declare."""


def audit(connection: psycopg.Connection, claim: Claim) -> dict[str, int]:
    """Note each mart's rows and checksum as checked, and let the generation be published. Return the rows.

    Raises BuildRefusedError when a mart is missing or differs from its contract.
    """
    night = claim.night
    try:
        with connection.transaction():
            claim.assert_held(connection)
            rows = connection.execute(
                "select mart, row_count from ops.audit_build(%s, %s)", (night.gen, night.fence)
            ).fetchall()
    except psycopg.errors.SerializationFailure as error:
        raise _fenced(claim) from error
    except psycopg.errors.RaiseException as error:
        raise BuildRefusedError(
            f"generation {night.gen} for {night.as_of}",
            seen=str(error.diag.message_primary),
            expected="every mart built, with the columns and types that its yml declares",
            next_step="mend the model or its contract, then run the night again; readers keep the last good night",
        ) from None
    return dict(rows)


def publish(connection: psycopg.Connection, claim: Claim, *, keep: int) -> dict[str, int]:
    """Make the audited generation live in one transaction and return the rows of each mart.

    Then forget all but the newest `keep` generations. Raises NotPublishableError; the live one stays then.
    """
    night = claim.night
    try:
        with connection.transaction():
            claim.assert_held(connection)
            rows = connection.execute(
                "select mart, row_count from ops.publish(%s, %s)", (night.gen, night.fence)
            ).fetchall()
    except psycopg.errors.SerializationFailure as error:
        raise _fenced(claim) from error
    except (psycopg.errors.RaiseException, psycopg.errors.LockNotAvailable) as error:
        raise NotPublishableError(
            f"generation {night.gen} for {night.as_of}",
            seen=str(error.diag.message_primary),
            expected="an audited generation, not older than the live one, unchanged since its audit",
            next_step=f"readers keep the last good night; run the night again: guanxi nightly --as-of {night.as_of}",
        ) from None
    with connection.transaction():
        connection.execute("select ops.prune(%s)", (keep,))
    return dict(rows)


def rollback(connection: psycopg.Connection, gen: int) -> str:
    """Make an earlier published generation live again, in one statement. Raises NotPublishableError."""
    row = connection.execute("select ops.rollback_to(%s)", (gen,)).fetchone()
    connection.commit()
    if row is None or row[0] is None:
        kept = connection.execute("select gen from ops.runs where published_at is not null order by gen").fetchall()
        raise NotPublishableError(
            f"generation {gen}",
            seen="it was never published, or is no longer kept",
            expected="one of: " + (", ".join(str(each) for (each,) in kept) or "none yet"),
            next_step="choose one of these; guanxi status lists them with their days",
        )
    return str(row[0])


def _fenced(claim: Claim) -> FencedError:
    return FencedError(
        f"{claim.stage} of {claim.night.run_id}",
        seen=f"a later attempt owns generation {claim.night.gen}",
        expected="this to be the newest attempt",
        next_step="nothing: the newer attempt finishes the night. Nothing of this one was written.",
    )
