"""Reads the live generation's lists, one manager at a time, and knows whose each account is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import dict_row

from delivery.letter import Letter, ListRow, StaleSource
from delivery.managers import Language, Manager, as_language, fallback_manager
from warehouse.errors import Problem

if TYPE_CHECKING:
    from warehouse.company import Company

_REASONS = (1, 2, 3)


class NotLiveError(Problem):
    """Lists are sent of the live generation only."""


@dataclass(frozen=True, slots=True)
class PublishedLists:
    """The lists of one generation, which was live when `live_lists` looked."""

    connection: psycopg.Connection
    company: Company
    gen: int
    as_of: date
    published_at: datetime

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

    def letter(self, manager: Manager) -> Letter | None:
        """Return a manager's list in their language, or None when there is nothing to say."""
        with self.connection.cursor(row_factory=dict_row) as cursor:
            found = cursor.execute(
                "select * from pub.fct_churn_lists where gen = %s and account_manager_id = %s"
                " order by rank, account_id",
                (self.gen, manager.account_manager_id),
            ).fetchall()
        if not found:
            return None
        name = self.company.name
        return Letter(
            manager=manager,
            company_id=self.company.id,
            company_name=name.zh if manager.language == "zh" else name.en,
            currency=self.company.currency,
            gen=self.gen,
            as_of=self.as_of,
            made_at=self.published_at.astimezone(self.company.zone),
            rows=tuple(_row(each, manager.language) for each in found),
            stale_sources=self.stale_sources(),
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
        """Return those of `account_ids` that are not this manager's by the accounts' own owner column.

        It asks dim_accounts and not the list, so that a fault in making the lists cannot hide itself. The desk
        may get accounts whose owner is unknown or no longer active, and nobody else may.
        """
        wanted = list(account_ids)
        owners: dict[str, str | None] = dict(
            self.connection.execute(
                "select a.account_id, m.account_manager_id from pub.dim_accounts a"
                " left join pub.dim_account_managers m on m.gen = a.gen"
                " and m.account_manager_id = a.account_manager_id and coalesce(m.is_active, true)"
                " where a.gen = %s and a.account_id = any(%s)",
                (self.gen, wanted),
            ).fetchall()
        )
        return sorted(
            account_id
            for account_id in wanted
            if account_id not in owners or (owners[account_id] or self._desk_id) != manager.account_manager_id
        )

    def managers_with_foreign_accounts(self) -> list[str]:
        """Return the managers whose list holds an account that is not theirs, by the same rule, all at once."""
        rows = self.connection.execute(
            "select distinct l.account_manager_id from pub.fct_churn_lists l"
            " left join pub.dim_accounts a on a.gen = l.gen and a.account_id = l.account_id"
            " left join pub.dim_account_managers m on m.gen = a.gen"
            " and m.account_manager_id = a.account_manager_id and coalesce(m.is_active, true)"
            " where l.gen = %s and (a.account_id is null"
            " or coalesce(m.account_manager_id, %s::text) is distinct from l.account_manager_id) order by 1",
            (self.gen, self._desk_id),
        ).fetchall()
        return [manager_id for (manager_id,) in rows]

    @property
    def _desk_id(self) -> str | None:
        desk = fallback_manager(self.company)
        return desk.account_manager_id if desk else None

    def managers_without_list(self) -> int:
        """Return how many active managers have nothing to be told."""
        row = self.connection.execute(
            "select count(*) from pub.dim_account_managers m where m.gen = %s and coalesce(m.is_active, true)"
            " and not exists (select 1 from pub.fct_churn_lists l where l.gen = m.gen"
            " and l.account_manager_id = m.account_manager_id)",
            (self.gen,),
        ).fetchone()
        return int(row[0]) if row else 0


def live_lists(connection: psycopg.Connection, *, gen: int, company: Company) -> PublishedLists:
    """Return the lists of `gen`. Raises NotLiveError when another generation, or none, is live."""
    row = connection.execute(
        "select p.gen, p.as_of, r.published_at from ops.published p join ops.runs r on r.gen = p.gen"
    ).fetchone()
    connection.commit()
    if row is None or row[0] != gen or row[2] is None:
        raise NotLiveError(
            f"the lists of generation {gen}",
            seen="no generation is live" if row is None else f"generation {row[0]} is live",
            expected="lists are sent of the live generation only",
            next_step="nothing, when a newer night is live: its own lists go out. Else publish the night first",
        )
    return PublishedLists(connection=connection, company=company, gen=gen, as_of=row[1], published_at=row[2])


def _row(values: dict[str, Any], language: Language) -> ListRow:
    def named(stem: str, code: str) -> str | None:
        text: str | None = values[f"{stem}_{language}"] or values[code]
        return text

    reasons = (values[f"reason_{number}_text_{language}"] or values[f"reason_{number}_code"] for number in _REASONS)
    return ListRow(
        rank=values["rank"],
        account_id=values["account_id"],
        account_name=values["account_name"],
        is_new=bool(values["is_new"]),
        stage=named("stage_name", "stage_code"),
        abc_class=values["abc_class"],
        band=named("band_name", "band_code"),
        churn_probability=values["churn_probability"],
        expected_loss_amount=values["expected_loss_amount"],
        net_revenue_365d_amount=values["net_revenue_365d_amount"],
        days_since_last_order=values["days_since_last_order"],
        typical_gap_days=values["typical_gap_days"],
        reasons=tuple(reason for reason in reasons if reason),
        play=named("play_name", "play_code"),
        play_steps=values[f"play_steps_{language}"],
        method_code=values["method_code"],
    )
