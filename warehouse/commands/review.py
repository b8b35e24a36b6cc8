"""The command `guanxi review`: which relationships are to be looked at again, and the mails about them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from warehouse import ledger
from warehouse.commands.sending import required_smtp_url, send_mails
from warehouse.commands.work import CompanyPath, Teller, open_prepared_house
from warehouse.database import Role
from warehouse.errors import Problem

if TYPE_CHECKING:
    from delivery.published_reviews import ManagerReviews, PublishedReviews
    from delivery.review_letter import ReviewLetter
    from warehouse.house import House

_NOBODY = "(nobody)"


class NothingLiveError(Problem):
    """No night is live that could tell what to review."""


class NothingToReviewError(Problem):
    """An account manager who has nothing to review, or who is not known."""


def review(
    manager: Annotated[
        str | None, typer.Option("--manager", help="Show the accounts of one manager, by id, with their reasons.")
    ] = None,
    company: CompanyPath = None,
    *,
    mail: Annotated[
        bool, typer.Option("--mail", help="Mail each manager theirs; a repeat mails nobody twice.")
    ] = False,
) -> None:
    """Show which relationships are to be reviewed, by account manager, as the live night has it; or mail them.

    A manager is mailed at most once in the day, week or month that GUANXI_REVIEWS_EVERY says, and not at all when
    there is nothing to review.
    """
    from delivery.published_reviews import PublishedReviews

    teller = Teller()
    with open_prepared_house(company) as house, house.warehouse.connect(Role.MAILER) as connection:
        live = ledger.live_generation(connection)
        connection.commit()
        if live is None:
            raise NothingLiveError(
                f"the relationships of {house.company.id} to review",
                seen="nothing is live yet",
                expected="a published night",
                next_step="guanxi nightly",
            )
        reviews = PublishedReviews.live(connection, gen=live.gen, company=house.company)
        if mail:
            _mail(reviews, house, teller)
        elif manager is not None:
            _show_manager(reviews, manager, teller)
        else:
            _show_all(reviews, teller)


def _mail(reviews: PublishedReviews, house: House, teller: Teller) -> None:
    from delivery.enqueue import enqueue_reviews
    from delivery.published_reviews import ENTITY, review_sources

    if not review_sources(house.company):
        teller.say(
            f"no source of {house.company.id} gives {ENTITY}, so no answer could come back: nobody is mailed."
            " Map one (docs/company.md); guanxi review shows what there is to review"
        )
        return
    required_smtp_url(house.settings)
    every = house.settings.reviews_every
    found = enqueue_reviews(reviews, now=datetime.now(tz=UTC), every=every)
    teller.say(f"{reviews.mailing.counted(found.queued_count)} queued for generation {reviews.gen}")
    if found.mailed_before_count:
        teller.say(f"{found.mailed_before_count:,} account managers had theirs this {every}: no further mail for them")
    _tell_of_nobodys(reviews.by_manager(), teller)
    send_mails(reviews, house, teller)


def _show_all(reviews: PublishedReviews, teller: Teller) -> None:
    found = reviews.by_manager()
    reasons = reviews.reasons()
    title = f"relationships to review, generation {reviews.gen}, as of {reviews.as_of}"
    table = Table("manager", "accounts", *reasons, title=title)
    for each in found:
        numbers = (f"{each.reasons[reason]:,}" if reason in each.reasons else "" for reason in reasons)
        table.add_row(each.account_manager_id or _NOBODY, f"{each.accounts_count:,}", *numbers)
    if not found:
        teller.say(f"nothing to review in generation {reviews.gen}, as of {reviews.as_of}")
        return
    teller.console.print(table)
    _tell_of_nobodys(found, teller)
    teller.say("guanxi review --manager ID shows the accounts of one; guanxi review --mail mails each their own")


def _tell_of_nobodys(found: list[ManagerReviews], teller: Teller) -> None:
    for each in found:
        if each.account_manager_id is None:
            teller.say(
                f"{each.accounts_count:,} accounts have no active manager and are on nobody's list:"
                " name a fallback_manager in company.yml"
            )


def _show_manager(reviews: PublishedReviews, manager_id: str, teller: Teller) -> None:
    letter = reviews.letter(reviews.manager(manager_id))
    if letter is None:
        waiting = [each.account_manager_id for each in reviews.by_manager() if each.account_manager_id]
        raise NothingToReviewError(
            f"the relationships of manager {manager_id} to review",
            seen="there is nothing to review, or no such manager",
            expected="one of: " + (", ".join(waiting) or "nobody has anything to review"),
            next_step="guanxi review shows who has what to review",
        )
    teller.console.print(_accounts_table(letter))


def _accounts_table(letter: ReviewLetter) -> Table:
    title = f"relationships of manager {letter.manager.account_manager_id} to review, as of {letter.as_of}"
    table = Table("", "account", "name", "reason", "since", "last reviewed", title=title)
    seen: set[str] = set()
    for row, reason in letter.cleaned().lines:
        is_first = row.account_id not in seen
        seen.add(row.account_id)
        head = (str(row.rank), row.account_id, row.account_name or "") if is_first else ("", "", "")
        last = str(row.last_reviewed_date or "never") if is_first else ""
        table.add_row(*head, reason.text, str(reason.arisen_date), last)
    return table
