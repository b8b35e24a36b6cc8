"""Reads what the live generation has to tell, one manager at a time, and knows whose each account is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

import psycopg
from psycopg import sql

from delivery.letter import Letter, StaleSource
from delivery.mailing import Mailing
from delivery.managers import Manager, as_language, fallback_manager
from warehouse.errors import Problem

if TYPE_CHECKING:
    from warehouse.company import Company

# The manager of an account while active; any other manager is nobody, and the desk, if there is one, stands in.
_OWNER = sql.SQL(
    "left join pub.dim_account_managers m on m.gen = a.gen"
    " and m.account_manager_id = a.account_manager_id and coalesce(m.is_active, true)"
)


class NotLiveError(Problem):
    """Mails are sent of the live generation only."""


@dataclass(frozen=True, slots=True)
class Published(ABC):
    """The mails of one kind of one generation, which was live when `live` looked.

    `listed` is a query of (account_manager_id, account_id): whom the kind tells of which account. It may use
    %(gen)s and %(desk)s. `owner` is who may be told of an account of manager m.
    `takes_answers`: whether there is a place that managers' answers come in from; else nobody is asked for one.
    """

    mailing: ClassVar[Mailing]
    listed: ClassVar[sql.SQL]
    owner: ClassVar[sql.SQL] = sql.SQL("m.account_manager_id")

    connection: psycopg.Connection
    company: Company
    gen: int
    as_of: date
    published_at: datetime
    takes_answers: bool = True

    @classmethod
    def live(cls, connection: psycopg.Connection, *, gen: int, company: Company) -> Self:
        """Return the mails of `gen`. Raises NotLiveError when another generation, or none, is live."""
        row = connection.execute(
            "select p.gen, p.as_of, r.published_at from ops.published p join ops.runs r on r.gen = p.gen"
        ).fetchone()
        connection.commit()
        if row is None or row[0] != gen or row[2] is None:
            raise NotLiveError(
                f"the {cls.mailing.noun}s of generation {gen}",
                seen="no generation is live" if row is None else f"generation {row[0]} is live",
                expected="lists are sent of the live generation only",
                next_step="nothing, when a newer night is live: its own lists go out. Else publish the night first",
            )
        return cls(connection=connection, company=company, gen=gen, as_of=row[1], published_at=row[2])

    @abstractmethod
    def letter(self, manager: Manager) -> Letter | None:
        """Return a manager's letter in their language, or None when there is nothing to say."""

    def manager(self, account_manager_id: str) -> Manager:
        """Return a manager as the warehouse knows them, else the company's fallback, else a name without address."""
        row = self.connection.execute(
            "select account_manager_name, email, language from pub.dim_account_managers"
            " where gen = %s and account_manager_id = %s",
            (self.gen, account_manager_id),
        ).fetchone()
        desk = fallback_manager(self.company)
        if desk is not None and desk.account_manager_id != account_manager_id:
            desk = None
        if row is None:
            return desk or Manager(account_manager_id, account_manager_id, None, self.company.language)
        name, email, language = row
        return Manager(
            account_manager_id=account_manager_id,
            name=name or (desk.name if desk else account_manager_id),
            email=email or (desk.email if desk else None),
            language=as_language(language, default=self.company.language),
        )

    def stale_sources(self) -> tuple[StaleSource, ...]:
        """Return the sources that the night carries forward, by rank."""
        rows = self.connection.execute(
            "select source, delivered_through_date from pub.dim_sources where gen = %s and is_stale"
            " order by source_rank, source",
            (self.gen,),
        )
        return tuple(StaleSource(*row) for row in rows)

    def foreign_accounts(self, manager: Manager, account_ids: Iterable[str]) -> list[str]:
        """Return those of `account_ids` that are not for this manager, by the accounts' own owner column.

        It asks dim_accounts and not the list, so that a fault in making the lists cannot hide itself. The desk
        may get accounts whose owner is unknown or no longer active, and nobody else may.
        """
        wanted = list(account_ids)
        query = sql.SQL(
            "select a.account_id, {owner} from pub.dim_accounts a {joined} where a.gen = %s and a.account_id = any(%s)"
        ).format(owner=self.owner, joined=_OWNER)
        owners: dict[str, str | None] = dict(self.connection.execute(query, (self.gen, wanted)).fetchall())
        return sorted(
            account_id
            for account_id in wanted
            if account_id not in owners or (owners[account_id] or self.desk_id) != manager.account_manager_id
        )

    def managers_with_foreign_accounts(self) -> list[str]:
        """Return the managers who would be told of an account that is not theirs, by the same rule, all at once."""
        query = sql.SQL(
            "select distinct l.account_manager_id from ({listed}) as l (account_manager_id, account_id)"
            " left join pub.dim_accounts a on a.gen = %(gen)s and a.account_id = l.account_id {joined}"
            " where l.account_manager_id is not null and (a.account_id is null"
            " or coalesce({owner}, %(desk)s::text) is distinct from l.account_manager_id) order by 1"
        ).format(listed=self.listed, owner=self.owner, joined=_OWNER)
        return [manager_id for (manager_id,) in self.connection.execute(query, self.parameters).fetchall()]

    def unlisted_count(self, manager: Manager) -> int:
        """Return how many accounts at risk are the manager's and not listed: at rest, put off, or without room."""
        row = self.connection.execute(
            "select count(*) from pub.fct_account_next_actions a where a.gen = %(gen)s"
            " and a.account_manager_id = %(manager)s and not exists"
            " (select 1 from pub.fct_churn_lists l where l.gen = a.gen and l.account_id = a.account_id)",
            {"gen": self.gen, "manager": manager.account_manager_id},
        ).fetchone()
        return int(row[0]) if row else 0

    def has_mails(self) -> bool:
        """Whether the outbox has a mail of the kind and generation, in whatever state."""
        row = self.connection.execute(
            "select exists (select 1 from ops.outbox where gen = %s and kind = %s)", (self.gen, self.mailing.kind)
        ).fetchone()
        self.connection.commit()
        return bool(row and row[0])

    def managers_without_letter(self) -> int:
        """Return how many active managers have nothing to be told."""
        query = sql.SQL(
            "select count(*) from pub.dim_account_managers m where m.gen = %(gen)s and coalesce(m.is_active, true)"
            " and not exists (select 1 from ({listed}) as l (account_manager_id, account_id)"
            " where l.account_manager_id = m.account_manager_id)"
        ).format(listed=self.listed)
        row = self.connection.execute(query, self.parameters).fetchone()
        return int(row[0]) if row else 0

    @property
    def desk_id(self) -> str | None:
        desk = fallback_manager(self.company)
        return desk.account_manager_id if desk else None

    @property
    def parameters(self) -> dict[str, object]:
        """What `listed` may use."""
        return {"gen": self.gen, "desk": self.desk_id}

    def head(self, manager: Manager) -> dict[str, Any]:
        """Return what every letter to a manager begins with."""
        name = self.company.name
        return {
            "manager": manager,
            "company_id": self.company.id,
            "company_name": name.zh if manager.language == "zh" else name.en,
            "currency": self.company.currency,
            "gen": self.gen,
            "as_of": self.as_of,
            "made_at": self.published_at.astimezone(self.company.zone),
            "stale_sources": self.stale_sources(),
        }
