"""Visits to the shop and the site: by people who are signed in, by houses we recognise, and by nobody we know."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from simulator.behaviour import Mood
from simulator.crm.cells import accounts_of, blanked, chosen, contacts_of, moments_of, numbered
from simulator.crm.people import People
from simulator.crm.programmes import QUARTER, campaign_numbers
from simulator.crm.scene import PERIOD, Scene, grid
from simulator.crm.tables import WEB_VISIT
from simulator.draws import Ints
from simulator.erp_rows import evening
from simulator.tables import Rows

_PAGES = (
    "/shop",
    "/shop/order",
    "/shop/search",
    "/products",
    "/products/new",
    "/support",
    "/support/manuals",
    "/account/invoices",
    "/news",
)
_REFERRERS = ("direct", "search", "mail", "wechat")
_A_PERIOD = 0.42


def visit_rows(scene: Scene, people: People) -> Rows:
    """The visits of the scene's days. Houses differ in how digital they are; strained ones come less."""
    draws = scene.draws
    row, period = grid(len(scene.accounts), scene.periods(back=PERIOD))
    number = scene.accounts.number[row]
    digital = np.exp(0.9 * draws.normal("digital", number) - 0.3) * (1.0 + 0.5 * scene.accounts.size[row])
    counts = draws.poisson("visits", np.minimum(6.0, _A_PERIOD * digital), number, period)
    entry = np.repeat(np.arange(row.size, dtype=np.int64), counts)
    position = np.arange(entry.size, dtype=np.int64) - np.repeat(np.cumsum(counts) - counts, counts)
    row, period = row[entry], period[entry]
    key: tuple[Ints, ...] = (scene.accounts.number[row], period, position)
    day = period * PERIOD + draws.below("visit day", PERIOD, *key)
    happens = (day >= scene.first) & (day >= scene.accounts.starts[row]) & scene.wanted(day, day)
    at = np.flatnonzero(happens)
    share = np.where(scene.moods.on(row[at], day[at]) == Mood.LEFT, 0.08, 1.0 - 0.4 * scene.strain_on(row[at], day[at]))
    at = at[draws.chance("visits", share, *(part[at] for part in key))]
    row, day, key = row[at], day[at], tuple(part[at] for part in key)
    number = key[0]
    who = draws.picked("visitor", (55, 25, 20), *key)
    person = people.someone(draws, "visits", row, day, *key)
    is_signed_in = (who == 0) & (person >= 0)
    by_campaign = (
        draws.chance("visit by campaign", 0.06, *key)
        & (day % QUARTER >= 10)
        & (day // QUARTER * QUARTER >= scene.first)
    )
    pages = 1 + np.floor(3.5 * draws.exponential("pages", *key)).astype(np.int64)
    return Rows(
        table=WEB_VISIT,
        values={
            "visit_no": numbered("WV", *key, widths=(6, 4, 2)),
            "account_no": blanked(accounts_of(number), who == 2),
            "contact_no": contacts_of(number, np.where(is_signed_in, people.slot[person], -1)),
            "campaign_no": campaign_numbers(np.where(by_campaign, day // QUARTER, -1)),
            "domain": blanked(
                pa.array([f"c{one:06d}.example.com" for one in number.tolist()], pa.string()),
                draws.chance("no domain", 0.3, *key),
            ),
            "page": chosen(_PAGES, draws.picked("page", (22, 18, 14, 12, 8, 8, 6, 8, 4), *key)),
            "referrer": chosen(_REFERRERS, draws.picked("referrer", (45, 30, 15, 10), *key)),
            "pages": pa.array(pages),
            "seconds": pa.array(np.round(pages * 35 * draws.exponential("seconds", *key)).astype(np.int64)),
            "errors": pa.array(draws.poisson("errors", 0.06, *key)),
            "signed_in": pa.array(is_signed_in),
            "visited_at": moments_of(day, 480 + draws.below("visit minute", 660, *key)),
        },
        entered=day,
        changed=day,
        minute=evening(draws, *key),
    )
