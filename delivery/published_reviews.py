"""The relationships to review of the live generation, one manager's at a time."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, ClassVar

from psycopg import sql
from psycopg.rows import dict_row

from delivery.mailing import REVIEWS, Mailing
from delivery.managers import Language, Manager
from delivery.published import Published
from delivery.review_letter import ReviewLetter, ReviewOutcome, ReviewReason, ReviewRow
from warehouse.settings import ROOT

if TYPE_CHECKING:
    from warehouse.company import Company

ENTITY = "relationship_reviews"
"""What a source has to give so that a review comes back."""

_OUTCOMES = ROOT / "dbt_project" / "seeds" / "policy" / "policy_relationship_review_outcomes.csv"


@dataclass(frozen=True, slots=True)
class ManagerReviews:
    """What one manager has to review, in numbers; `account_manager_id` is None where nobody is to be told.

    `reasons` is how many accounts each reason's code has.
    """

    account_manager_id: str | None
    accounts_count: int
    reasons: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class PublishedReviews(Published):
    """The accounts of fct_relationship_review_queue, whose owner is their manager while active, else the desk."""

    mailing: ClassVar[Mailing] = REVIEWS
    listed: ClassVar[sql.SQL] = sql.SQL(
        "select coalesce(o.account_manager_id, %(desk)s::text), q.account_id"
        " from pub.fct_relationship_review_queue q left join pub.dim_account_managers o on o.gen = q.gen"
        " and o.account_manager_id = q.account_manager_id and coalesce(o.is_active, true) where q.gen = %(gen)s"
    )

    def letter(self, manager: Manager) -> ReviewLetter | None:
        rows = tuple(self._rows(manager))
        if not rows:
            return None
        return ReviewLetter(
            **self.head(manager),
            rows=rows,
            outcomes=outcomes_in(manager.language),
            review_sources=review_sources(self.company),
        )

    def by_manager(self) -> list[ManagerReviews]:
        """Return what each manager has to review, whoever has most first; the last one is nobody, if there is one."""
        query = sql.SQL(
            "select distinct l.account_manager_id, l.account_id, q.reason_code from ({listed}) as l"
            " (account_manager_id, account_id) join pub.fct_relationship_review_queue q"
            " on q.gen = %(gen)s and q.account_id = l.account_id"
        ).format(listed=self.listed)
        found: dict[str | None, tuple[set[str], dict[str, int]]] = {}
        for manager_id, account_id, reason in self.connection.execute(query, self.parameters):
            accounts, reasons = found.setdefault(manager_id, (set(), {}))
            accounts.add(account_id)
            reasons[reason] = reasons.get(reason, 0) + 1
        told = [ManagerReviews(each, len(of), why) for each, (of, why) in found.items()]
        return sorted(
            told,
            key=lambda each: (each.account_manager_id is None, -each.accounts_count, each.account_manager_id or ""),
        )

    def reasons(self) -> list[str]:
        """Return the codes of the reasons that somebody is told, in the order of policy."""
        query = (
            "select distinct q.reason_priority, q.reason_code from pub.fct_relationship_review_queue q"
            " where q.gen = %s order by 1"
        )
        return [code for _, code in self.connection.execute(query, (self.gen,))]

    def _rows(self, manager: Manager) -> Iterator[ReviewRow]:
        query = sql.SQL(
            "select q.*, a.account_name, min(q.arisen_date) over (partition by q.account_id) as waiting_since"
            " from pub.fct_relationship_review_queue q"
            " left join pub.dim_accounts a on a.gen = q.gen and a.account_id = q.account_id"
            " where q.gen = %(gen)s and q.account_id in (select l.account_id from ({listed}) as l"
            " (account_manager_id, account_id) where l.account_manager_id = %(manager)s)"
            ' order by q.account_priority, q.account_reasons_count desc, waiting_since, q.account_id collate "C",'
            " q.reason_priority"
        ).format(listed=self.listed)
        parameters = self.parameters | {"manager": manager.account_manager_id}
        with self.connection.cursor(row_factory=dict_row) as cursor:
            found = cursor.execute(query, parameters).fetchall()
        by_account = groupby(found, key=lambda each: str(each["account_id"]))
        for rank, (_, reasons) in enumerate(by_account, start=1):
            yield _row(rank, list(reasons), manager.language)


def review_sources(company: Company) -> tuple[str, ...]:
    """Return the sources of which a review comes back, in the order of the mapping."""
    return tuple(each.name for each in company.sources if ENTITY in (each.model_extra or {}).get("entities", ()))


def outcomes_in(language: Language) -> tuple[ReviewOutcome, ...]:
    """Return what may come of a review, in the order of policy."""
    with _OUTCOMES.open(encoding="utf-8", newline="") as lines:
        return tuple(ReviewOutcome(line["outcome"], line[f"name_{language}"]) for line in csv.DictReader(lines))


def _row(rank: int, reasons: list[dict[str, Any]], language: Language) -> ReviewRow:
    account = reasons[0]
    return ReviewRow(
        rank=rank,
        account_id=account["account_id"],
        account_name=account["account_name"],
        relationship_index=account["relationship_index"],
        last_reviewed_date=account["last_reviewed_date"],
        reasons=tuple(
            ReviewReason(
                name=each[f"reason_name_{language}"],
                text=each[f"reason_text_{language}"],
                task=each[f"reason_task_{language}"],
                arisen_date=each["arisen_date"],
            )
            for each in reasons
        ),
    )
