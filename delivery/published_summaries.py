"""What is told of the live generation's lists besides the lists: to team leads, and to whoever has nothing to call."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from psycopg import sql

from delivery.lead_letter import LeadLetter, LeadLine
from delivery.mailing import LEAD_DIGESTS, QUIET_LISTS, Mailing
from delivery.managers import Manager
from delivery.published import Published
from delivery.quiet_letter import QuietLetter


@dataclass(frozen=True, slots=True)
class PublishedDigests(Published):
    """The lists of each lead's people, in numbers. They tell of no account, so nobody can be told of a foreign one."""

    mailing: ClassVar[Mailing] = LEAD_DIGESTS
    listed: ClassVar[sql.SQL] = sql.SQL("select null::text, null::text where false")

    def letter(self, manager: Manager) -> LeadLetter | None:
        # the people who report to the lead now, and nobody else's
        rows = self.connection.execute(
            "select m.account_manager_name, m.account_manager_id,"
            " count(*) filter (where l.status_code = 'new'),"
            " count(*) filter (where l.status_code = 'worsened'),"
            " count(*) filter (where l.status_code = 'still_open'),"
            " count(*) filter (where l.status_code = 'recovered'),"
            " count(*) filter (where l.is_unanswered),"
            " coalesce(sum(l.expected_loss_amount) filter (where l.status_code <> 'recovered'), 0) as loss"
            " from pub.dim_account_managers m inner join pub.fct_churn_lists l"
            " on l.gen = m.gen and l.account_manager_id = m.account_manager_id"
            " where m.gen = %s and m.reports_to_id = %s and m.account_manager_id <> %s and coalesce(m.is_active, true)"
            " group by 1, 2 order by loss desc, m.account_manager_id",
            (self.gen, manager.account_manager_id, manager.account_manager_id),
        ).fetchall()
        if not rows:
            return None
        lines = (LeadLine(name or manager_id, *numbers) for name, manager_id, *numbers in rows)
        if not self.takes_answers:
            lines = (replace(line, unanswered_count=None) for line in lines)
        return LeadLetter(**self.head(manager), lines=tuple(lines))

    def managers_without_letter(self) -> int:
        """Return 0: who leads nobody misses nothing."""
        return 0


@dataclass(frozen=True, slots=True)
class PublishedQuietLists(Published):
    """The managers with customers and without a row on any list."""

    mailing: ClassVar[Mailing] = QUIET_LISTS
    listed: ClassVar[sql.SQL] = sql.SQL("select null::text, null::text where false")

    def letter(self, manager: Manager) -> QuietLetter | None:
        row = self.connection.execute(
            "select m.accounts_count from pub.dim_account_managers m where m.gen = %(gen)s"
            " and m.account_manager_id = %(manager)s and m.accounts_count > 0 and not exists"
            " (select 1 from pub.fct_churn_lists l"
            " where l.gen = m.gen and l.account_manager_id = m.account_manager_id)",
            {"gen": self.gen, "manager": manager.account_manager_id},
        ).fetchone()
        if row is None:
            return None
        return QuietLetter(
            **self.head(manager), accounts_count=int(row[0]), unlisted_count=self.unlisted_count(manager)
        )

    def managers_without_letter(self) -> int:
        """Return 0: who has a list needs no letter that there is none."""
        return 0
