"""Keeping what a gate found, in the database and under the claim of the process that found it."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from expectations.outcome import Outcome
from expectations.raw_orders import unknown_account_orders
from expectations.suite import Scope, Stage
from warehouse.night import Claim

UNKNOWN_ACCOUNT = "unknown_account"


def store(
    connection: psycopg.Connection, *, claim: Claim, stage: Stage, outcomes: Sequence[Outcome], scope: Scope
) -> None:
    """Replace what is stored of this night's stage, in one transaction that only the claim's holder can end.

    After the raw stage the orders of unknown accounts are noted in quarantine.rows, so that somebody can ask the
    source about them. Raises FencedError when a later attempt owns the stage.
    """
    night = claim.night
    with connection.transaction():
        claim.assert_held(connection)
        connection.execute("delete from ops.check_results where gen = %s and stage = %s", (night.gen, stage))
        with connection.cursor() as cursor:
            cursor.executemany(
                "insert into ops.check_results (gen, attempt, stage, suite, expectation, severity, is_success,"
                " observed, expected, description_en, description_zh, column_name, failed_count, checked_count)"
                " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                [
                    (
                        night.gen, night.attempt, stage, each.suite, each.expectation, each.severity, each.is_success,
                        each.observed, each.expected, each.description_en, each.description_zh, each.column,
                        each.failed_count, each.checked_count,
                    )
                    for each in outcomes
                ],
            )  # fmt: skip
        if stage == "raw" and {"orders", "accounts"} <= set(scope.mapped):
            _note_unknown_accounts(connection, claim=claim, scope=scope)


def _note_unknown_accounts(connection: psycopg.Connection, *, claim: Claim, scope: Scope) -> None:
    gen, attempt = claim.night.gen, claim.night.attempt
    connection.execute("delete from quarantine.rows where gen = %s and rule = %s", (gen, UNKNOWN_ACCOUNT))
    connection.execute(
        'insert into quarantine.rows (gen, attempt, source, entity, rule, record_id, "row", seen)'
        " select %s, %s, source, 'orders', %s, record_id, jsonb_build_object('account_id', account_id), account_id"
        f" from ({unknown_account_orders(scope)}) as orders",
        (gen, attempt, UNKNOWN_ACCOUNT),
    )
