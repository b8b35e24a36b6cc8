"""What account managers entered in a field of the CRM, which a source delivered like everything else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from delivery.feedback.answer import Answer, Document

if TYPE_CHECKING:
    from warehouse.company import Company

ENTITY = "list_feedback"
"""What a source has to give so that answers come from a CRM."""

_TABLE = "stg_raw__list_feedback"
_SAID_LIMIT = 200


def feedback_sources(company: Company) -> tuple[str, ...]:
    """Return the sources that give answers to lists, in the order of the mapping."""
    return tuple(each.name for each in company.sources if ENTITY in (each.model_extra or {}).get("entities", ()))


def row_code(account_manager_id: str, account_id: str) -> str:
    """Return the code of a row, as ops.row_code makes it."""
    digest = hashlib.sha256(f"{account_manager_id}|{account_id}".encode()).hexdigest()
    return f"GX-{digest[:8].upper()}"


class CrmInbox:
    """The newest state of every answer of the CRM; an answer that did not change is the same document again.

    `connection` is the scorer's. A row without a manager is the account's owner's.
    """

    def __init__(self, connection: psycopg.Connection, *, schema: str) -> None:
        self.connection = connection
        self.schema = schema

    def documents(self) -> Iterator[Document]:
        table = sql.Identifier(self.schema, _TABLE)
        if not self.connection.execute("select to_regclass(%s)", (f"{self.schema}.{_TABLE}",)).fetchone()[0]:  # type: ignore[index]
            return
        rows = self.connection.execute(
            sql.SQL(
                "select f.source, f.list_feedback_id, coalesce(f.account_manager_id, a.account_manager_id),"
                " f.account_id, f.outcome, f.feedback_note, f.snooze_until_date, f.told_at"
                " from {} f left join {} a on f.account_id = a.account_id where f.is_latest"
                " order by f.told_at, 1, 2"
            ).format(table, sql.Identifier(self.schema, "dim_accounts"))
        ).fetchall()
        self.connection.commit()
        for source, record_id, manager_id, account_id, outcome, note, until, told_at in rows:
            said = "|".join(map(str, (source, record_id, manager_id, account_id, outcome, note, until)))
            yield Document(
                reference=f"crm {hashlib.sha256(said.encode()).hexdigest()}",
                channel="crm",
                label=f"an answer of {source}",
                answers=(_answer(manager_id, account_id, outcome, note, str(until or "")),),
                manager_id=manager_id or "nobody",
                told_at=_moment(told_at),
            )

    def done(self, document: Document, *, is_clean: bool) -> None:
        """Nothing is written into a source; the reference tells what was looked at."""


def _answer(manager_id: str | None, account_id: str, outcome: str | None, note: str | None, until: str) -> Answer:
    shown = " | ".join(each for each in (account_id, outcome, note, until) if each)
    return Answer(
        place=1,
        code=row_code(manager_id or "", account_id),
        words=outcome or "",
        note=note or "",
        snooze=until,
        said=shown[:_SAID_LIMIT],
    )


def _moment(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else None
