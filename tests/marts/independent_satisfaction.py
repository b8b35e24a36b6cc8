"""The definitions of satisfaction, experience, trainings and categories, computed a second time from the words.

Nothing here looks at the SQL: each account and month is asked on its own, in plain Python, over all records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from statistics import mean, median, quantiles
from typing import Any

from tests.marts.independent_service import category, waited

Row = dict[str, Any]
DAY = timedelta(days=1)
VOTES = {"promoter": 1, "good": 1, "passive": 0, "neutral": 0, "detractor": -1, "bad": -1}
WEIGHTS = {"approver": 3, "decision_maker": 3, "evaluator": 2, "influencer": 2}


def day(moment: datetime) -> date:
    """Return the business day of a moment, in Shanghai."""
    return (moment + timedelta(hours=8)).date()


def month_of(when: date, back: int = 0) -> date:
    """Return the first day of the month, so many months back."""
    number = 12 * when.year + when.month - 1 - back
    return date(number // 12, number % 12 + 1, 1)


def share(those: Iterable[bool]) -> float | None:
    """Return the share of the true ones; None of nothing."""
    said = list(those)
    return sum(said) / len(said) if said else None


def middle(values: Iterable[float | None]) -> float | None:
    """Return the median of those that are known; None of nothing."""
    known = [value for value in values if value is not None]
    return float(median(known)) if known else None


class Voices:
    """What customers said by a day, and what became of it."""

    def __init__(self, records: Mapping[str, Sequence[Row]], *, as_of: date, over: datetime) -> None:
        self.as_of = as_of
        self.roles = {row["contact_id"]: row["buying_role"] for row in records["contacts"]}
        self.tickets = [row for row in records["tickets"] if day(row["opened_at"]) <= as_of]
        self.times = {
            row["ticket_id"]: waited(
                opened=row["opened_at"], answered=row["first_response_at"], solved=row["resolved_at"],
                status=row["status"], priority=row["priority"], over=over,
            )
            for row in self.tickets
        }  # fmt: skip
        self.answers = [row for row in records["survey_responses"] if day(row["answered_at"]) <= as_of]
        self.contacts = [
            (row["account_id"], day(row["happened_at"]))
            for row in records["interactions"]
            if row["status"] != "planned" and row["direction"] != "inbound" and row["outcome"] != "no_response"
        ]

    def months(self) -> Iterable[tuple[str, date, date]]:
        """Yield each account with each month since it was first heard, and the month's last day that counts."""
        for account in sorted({row["account_id"] for row in (*self.tickets, *self.answers)}):
            days = [day(row["opened_at"]) for row in self.tickets if row["account_id"] == account]
            days += [day(row["answered_at"]) for row in self.answers if row["account_id"] == account]
            month = month_of(min(days))
            while month <= self.as_of:
                yield account, month, min(month_of(month, -1) - DAY, self.as_of)
                month = month_of(month, -1)

    def told(self, account: str, since: date | None) -> bool:
        """Return whether we spoke to the customer in the 30 days from a day."""
        return any(
            who == account and since is not None and 0 <= (when - since).days <= 30 and when <= self.as_of
            for who, when in self.contacts
        )

    def month(self, account: str, month: date, end: date) -> Row:
        """Return what the mart should say of an account and month."""
        own = [(row, _vote(row)) for row in self.answers if row["account_id"] == account]
        recent = [(row, vote) for row, vote in own if 0 <= (end - day(row["answered_at"])).days < 90]
        nps = [(row, vote) for row, vote in recent if row["kind"] == "nps" and vote is not None]
        weights = [WEIGHTS.get(self.roles.get(row.get("contact_id")) or "", 1) for row, _ in nps]
        csat = [vote for row, vote in recent if row["kind"] == "csat" and vote is not None]
        verdicts = _verdicts([(row, vote) for row, vote in own if row["kind"] == "csat"])
        until = [good for when, good in verdicts if when <= end]
        turns = [b for a, b in pairwise(verdicts) if month <= b[0] <= end and a[1] and not b[1]]
        low = [row for row, vote in own if vote == -1 and month <= day(row["answered_at"]) <= end]
        return {
            "nps_responses_count": len(nps),
            "nps_score": 100 * mean(vote for _, vote in nps) if nps else None,
            "nps_decision_maker_score": 100
            * sum(weight * vote for weight, (_, vote) in zip(weights, nps, strict=True)) / sum(weights)
            if nps
            else None,
            "csat_responses_count": len(csat),
            "csat_rate": share(vote == 1 for vote in csat),
            "last_csat_verdict": ("good" if until[-1] else "bad") if until else None,
            "csat_good_to_bad_count": len(turns),
            "low_answers_count": len(low),
            "followed": sum(self.told(account, day(row["answered_at"])) for row in low) if low else None,
        } | self._tickets(account, month, end)  # fmt: skip

    def _tickets(self, account: str, month: date, end: date) -> Row:
        own = [(row, self.times[row["ticket_id"]]) for row in self.tickets if row["account_id"] == account]
        new = [(row, times) for row, times in own if month <= day(row["opened_at"]) <= end]
        complaints = [(row, times) for row, times in new if row.get("kind") == "complaint"]
        themed = [row for row, _ in new if _theme(row)]
        opened = [(day(row["opened_at"]), _theme(row)) for row, _ in own]
        return {
            "tickets_count": len(new),
            "complaints_count": len(complaints),
            "open_tickets_count": sum(
                day(row["opened_at"]) <= end
                and (_is_open(row) or (times.solution is not None and day(row["resolved_at"]) > end))
                for row, times in own
            ),
            "median_first_reply_hours": middle(times.reply for _, times in new),
            "reply_in_target_rate": share(t.reply_kept for _, t in new if t.reply_kept is not None),
            "resolution_in_target_rate": share(t.solution_kept for _, t in new if t.solution_kept is not None),
            "recurrence_rate": share(
                any(theme == _theme(row) and 1 <= (day(row["opened_at"]) - when).days <= 90 for when, theme in opened)
                for row in themed
            ),
            "complaints_answered_count": sum(times.reply is not None for _, times in complaints),
            "complaints_settled_count": sum(not _is_open(row) for row, _ in complaints),
            "told": sum(
                times.solution is not None and self.told(account, day(row["resolved_at"])) for row, times in complaints
            )
            if complaints
            else None,
        }


def _vote(answer: Row) -> int | None:
    said = category(answer["kind"], answer["score"], answer["best_score"])
    return VOTES[said] if said else None


def _theme(ticket: Row) -> str | None:
    return ticket.get("category") or ticket.get("kind")


def _is_open(ticket: Row) -> bool:
    return ticket["status"] in ("open", "waiting") or (ticket["status"] is None and ticket["resolved_at"] is None)


def _verdicts(csat: Iterable[tuple[Row, int | None]]) -> list[tuple[date, bool]]:
    by_day: dict[date, bool] = {}
    for row, vote in csat:
        if vote:
            when = day(row["answered_at"])
            by_day[when] = by_day.get(when, True) and vote == 1
    return sorted(by_day.items())


def trained(records: Mapping[str, Sequence[Row]], account: str, when: date, *, as_of: date) -> dict[str, float | None]:
    """Return complaints and uses in the 90 days before and after a training; None while they cannot be known."""
    tickets = [(row["account_id"], day(row["opened_at"]), row.get("kind") == "complaint") for row in records["tickets"]]
    pages: dict[tuple[str, date, str], list[int | None]] = {}
    for row in records["web_visits"]:
        pages.setdefault((row["account_id"], day(row["visited_at"]), row["page"]), []).append(row["use_count"])
    # a day's visits of a page count as often as it was used, or once each when no source says how often
    uses = [
        (who, seen, sum(each for each in counts if each is not None) or len(counts))
        for (who, seen, _), counts in pages.items()
    ]
    found: dict[str, float | None] = {}
    for name, events in (("complaints", tickets), ("uses", uses)):
        dated = [(who, (each - when).days, size) for who, each, size in events if each <= as_of]
        known = (as_of - when).days >= 90 and min(gap for _, gap, _ in dated) <= -90
        own = [(gap, size) for who, gap, size in dated if who == account]
        found[f"{name}_before_count"] = sum(size for gap, size in own if -90 <= gap < 0) if known else None
        found[f"{name}_after_count"] = sum(size for gap, size in own if 0 < gap <= 90) if known else None
    return found


def kept_promises(orders: Iterable[Row], account: str, month: date, *, as_of: date) -> list[bool]:
    """Return, for each order promised for the month of which it is known, whether it came in time."""
    kept = []
    for order in orders:
        expected, delivered = order["expected_date"], order["delivered_date"]
        if order["account_id"] != account or order["status"] == "cancelled" or expected is None or expected > as_of:
            continue
        if month_of(expected) == month:
            if delivered is not None and delivered <= as_of:
                kept.append(delivered <= expected)
            elif order["status"] != "done" and expected < as_of:
                kept.append(False)
    return kept


def corrections(invoices: Sequence[Row], *, as_of: date) -> dict[str, int]:
    """Return the days to the first correction of each invoice that was corrected by the day."""
    sent = [row for row in invoices if day(row["invoiced_at"]) <= as_of]
    bills = {row["invoice_id"]: day(row["invoiced_at"]) for row in sent if row["kind"] != "credit_note"}
    found: dict[str, int] = {}
    for note in sent:
        when, number = day(note["invoiced_at"]), note["corrects_invoice_id"]
        if number is None and note["kind"] == "credit_note":
            mates = [row["invoice_id"] for row in sent if row["order_id"] == note["order_id"]]
            before = [(bills[each], each) for each in mates if each in bills and bills[each] <= when]
            number = max(before)[1] if before else None
        if number in bills and bills[number] <= when:
            days = (when - bills[number]).days
            found[number] = min(days, found.get(number, days))
    return found


Days = dict[tuple[str, str], dict[date, Decimal]]


def category_days(records: Mapping[str, Sequence[Row]]) -> Days:
    """Return net revenue by account and category, by day, of orders that were not cancelled."""
    orders = {row["order_id"]: row for row in records["orders"] if row["status"] != "cancelled"}
    kinds = {row["product_id"]: row["category"] for row in records["products"]}
    days: Days = {}
    for line in records["order_lines"]:
        order, kind = orders.get(line["order_id"]), kinds[line["product_id"]]
        if order and kind:
            own = days.setdefault((order["account_id"], kind), {})
            when = day(order["ordered_at"])
            own[when] = own.get(when, Decimal(0)) + line["net_amount"]
    return days


def spent(own: Mapping[date, Decimal], month: date, *, months: int = 12) -> Decimal:
    """Return what was spent in a month and so many months up to it."""
    return sum(
        (amount for when, amount in own.items() if month_of(month, months - 1) <= month_of(when) <= month), Decimal(0)
    )


def rhythm(days: Days, account: str, kind: str, *, end: date) -> tuple[int, float] | None:
    """Return the days since the last order day in a category and the usual gap then; None before the first."""

    def gaps(own: Mapping[date, Decimal]) -> list[int]:
        return [(b - a).days for a, b in pairwise(sorted(d for d, amount in own.items() if amount > 0 and d <= end))]

    ordered = [when for when, amount in days[account, kind].items() if amount > 0 and when <= end]
    if not ordered:
        return None
    everybody = [gap for (_, each), own in days.items() if each == kind for gap in gaps(own)]
    usual = median(everybody) if everybody else 90
    mine = gaps(days[account, kind])
    typical = (len(mine) * median(mine) + 3 * usual) / (len(mine) + 3) if mine else usual
    return (end - max(ordered)).days, float(typical)


def peers_of(days: Days, groups: Mapping[str, Row], account: str, kind: str, month: date) -> Row:
    """Return with whom an account is compared, their number, median and upper quartile."""

    def group(who: str) -> tuple[Any, Any]:
        return groups[who]["industry"], groups[who]["size_band"]

    bought = [(who, spent(own, month)) for (who, each), own in days.items() if each == kind]
    # who has never had an order day in the category by then is no buyer of it, whatever it gave back
    buyers = [(who, amount) for who, amount in bought if amount > 0]
    own_group = [amount for who, amount in buyers if group(who) == group(account)]
    known = None not in group(account)
    for scope, amounts in (("industry_size", own_group if known else []), ("all", [amount for _, amount in buyers])):
        if len(amounts) >= 5:
            numbers = [float(amount) for amount in amounts]
            quartile = quantiles(numbers, n=4, method="inclusive")[2]
            return {"peer_scope": scope, "peers_count": len(numbers), "median": median(numbers), "p75": quartile}
    return {"peer_scope": None, "peers_count": None, "median": None, "p75": None}
