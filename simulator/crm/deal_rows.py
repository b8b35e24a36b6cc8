"""Opportunities, their moves and the tenders among them, as rows of the CRM."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulator.catalogue import PRODUCTS_PER_CATEGORY
from simulator.crm.cells import accounts_of, blanked, chosen, contacts_of, moments_of, money, office_minute
from simulator.crm.deals import CHANCES, OF_CAMPAIGN, OPEN_STAGES, STAGES, Deals
from simulator.crm.people import People
from simulator.crm.programmes import campaign_numbers
from simulator.crm.scene import Scene, last_change
from simulator.crm.tables import BID, OPPORTUNITY, OPPORTUNITY_STAGE
from simulator.draws import Ints
from simulator.erp_rows import dates, evening
from simulator.seasons import NEVER
from simulator.tables import Rows
from simulator.words import CATEGORIES

_KINDS = ("new_business", "renewal", "expansion")
_ORIGINS = ("老客户", "销售拜访", "网站", "转介绍", "展会", "市场活动")
_REASONS = ("价格", "交期", "技术不符", "项目取消", "关系", "服务")
COMPETITORS = ("东岭工业", "海川机电", "Norden Supply", "Kestrel Tools", "本地贸易商")
_BID_SHARE = 0.35
# Who took a deal from us is written down more often than whom we took one from.
_SEEN_WHEN_LOST, _SEEN_WHEN_WON = 0.7, 0.45


def opportunity_rows(scene: Scene, people: People, deals: Deals) -> Rows:
    """The opportunities entered or changed in the scene's days."""
    until = scene.until
    entered = _entered(scene, deals)
    changed = last_change(entered, *(np.maximum(entered, each) for each in (*deals.steps.T, deals.closed)), until=until)
    at = np.flatnonzero(scene.wanted(entered, changed))
    deals, entered, changed = deals.only(at), entered[at], changed[at]
    draws, key = scene.draws, deals.key(scene)
    number, row = key[0], deals.row
    stage = deals.stage_on(until)
    is_closed = deals.closed <= until
    is_lost = is_closed & ~deals.is_won
    is_seen = is_closed & draws.chance("seen", np.where(deals.is_won, _SEEN_WHEN_WON, _SEEN_WHEN_LOST), *key)
    category = _category(scene, deals, key)
    person = people.someone(draws, "deal person", row, deals.opened, *key)
    kind = np.where(deals.opened - scene.accounts.created[row] < 150, 0, draws.picked("deal kind", (8, 17, 75), *key))
    origin = np.where(deals.campaign >= 0, len(_ORIGINS) - 1, draws.below("origin", len(_ORIGINS) - 1, *key))
    competitor = draws.below("competitor", len(COMPETITORS), *key)
    names = [CATEGORIES[each][0] for each in category.tolist()]
    item = draws.below("deal item", PRODUCTS_PER_CATEGORY - 2, *key)
    sku = [f"{group + 1:02d}{one + 1:03d}" for group, one in zip(category.tolist(), item.tolist(), strict=True)]
    return Rows(
        table=OPPORTUNITY,
        values={
            "opportunity_no": opportunity_numbers(key),
            "account_no": accounts_of(number),
            "contact_no": contacts_of(number, np.where(person < 0, -1, people.slot[person])),
            "owner_no": chosen([one.code for one in scene.managers], scene.owners(row, deals.opened)),
            "campaign_no": campaign_numbers(deals.campaign),
            "sku": blanked(pa.array(sku, pa.string()), draws.chance("product unsaid", 0.2, *key)),
            "name": pa.array([f"{name}采购项目" for name in names], pa.string()),
            "kind": blanked(chosen(_KINDS, kind), draws.chance("deal kind unsaid", 0.05, *key)),
            "stage": chosen(STAGES, stage),
            "amount": blanked(money(_amount_on(deals, stage)), draws.chance("amount unsaid", 0.04, *key)),
            "chance": pa.array(CHANCES[stage]),
            "origin": blanked(chosen(_ORIGINS, origin), draws.chance("origin unsaid", 0.1, *key)),
            "lost_because": chosen(_REASONS, np.where(is_lost, draws.below("lost because", len(_REASONS), *key), -1)),
            "competitor": chosen(COMPETITORS, np.where(is_seen, competitor, -1)),
            "opened_at": moments_of(deals.opened, office_minute(draws, "opened", *key)),
            "expected_on": dates(deals.opened + 45 + draws.below("expected", 90, *key)),
            "closed_at": moments_of(
                np.where(deals.closed <= until, deals.closed, NEVER), office_minute(draws, "closed", *key)
            ),
        },
        entered=entered,
        changed=changed,
        minute=evening(draws, *key),
    )


def stage_rows(scene: Scene, deals: Deals) -> Rows:
    """Every move of an opportunity, entered the day it is noted."""
    days = np.concatenate([deals.steps, deals.closed[:, None]], axis=1)
    entry, step = np.nonzero(days <= scene.until)
    moved = np.maximum(days[entry, step], _entered(scene, deals)[entry])
    keep = scene.wanted(moved, moved)
    entry, step, moved = entry[keep].astype(np.int64), step[keep].astype(np.int64), moved[keep]
    part = deals.only(entry)
    draws, key = scene.draws, part.key(scene)
    is_end = step == OPEN_STAGES
    target = np.where(is_end, np.where(part.is_won, OPEN_STAGES, OPEN_STAGES + 1), step)
    before = (part.steps < NEVER).sum(axis=1) - 1
    source = np.where(is_end, before, step - 1)
    numbers = opportunity_numbers(key)
    return Rows(
        table=OPPORTUNITY_STAGE,
        values={
            "change_no": pc.binary_join_element_wise(numbers, pa.array(step).cast(pa.string()), "-"),
            "opportunity_no": numbers,
            "from_stage": chosen(STAGES, source),
            "to_stage": chosen(STAGES, target),
            "amount": money(_amount_on(part, target)),
            "chance": pa.array(CHANCES[target]),
            "changed_by": chosen([one.code for one in scene.managers], scene.owners(part.row, moved)),
            "changed_at": moments_of(days[entry, step], office_minute(draws, "moved", *key, step)),
        },
        entered=moved,
        changed=moved,
        minute=evening(draws, *key),
    )


def bid_rows(scene: Scene, deals: Deals) -> Rows:
    """A third of the deals of larger houses are tenders; who helped to write one ranks higher in it."""
    draws = scene.draws
    submitted = deals.steps[:, 2]
    is_bid = (
        (scene.accounts.size[deals.row] >= 1)
        & (submitted < NEVER)
        & draws.chance("tender", _BID_SHARE, *deals.key(scene))
    )
    entered = np.maximum(submitted, _entered(scene, deals))
    changed = last_change(entered, np.maximum(entered, deals.closed), until=scene.until)
    at = np.flatnonzero(is_bid & scene.wanted(entered, changed))
    deals, submitted, entered, changed = deals.only(at), submitted[at], entered[at], changed[at]
    key = deals.key(scene)
    bidders = 2 + draws.below("bidders", 6, *key)
    helped = (deals.champion >= 4) & draws.chance("helped specify", 0.6, *key)
    ours = np.where(deals.is_won, 1, 2 + draws.below("rank", bidders - 1, *key))
    technical = np.clip(ours + draws.picked("technical rank", (30, 45, 25), *key) - 1 - helped, 1, bidders)
    is_decided = deals.closed <= scene.until
    result = np.where(is_decided, np.where(deals.is_won, 1, 2), 0)
    winner = draws.below("winner", len(COMPETITORS), *key)
    knows_rank = is_decided & ~draws.chance("rank unknown", 0.12, *key)
    return Rows(
        table=BID,
        values={
            "bid_no": pa.array([f"B{number}" for number in opportunity_numbers(key).to_pylist()], pa.string()),
            "account_no": accounts_of(key[0]),
            "opportunity_no": opportunity_numbers(key),
            "owner_no": chosen([one.code for one in scene.managers], scene.owners(deals.row, submitted)),
            "name": pa.array(
                [f"{CATEGORIES[each][0]}招标" for each in _category(scene, deals, key).tolist()], pa.string()
            ),
            "result": chosen(("open", "won", "lost"), result),
            "amount": money(deals.amount),
            "our_rank": blanked(pa.array(ours), ~knows_rank),
            "technical_rank": blanked(pa.array(technical), ~knows_rank),
            "bidders": blanked(pa.array(bidders), ~knows_rank),
            "winner": chosen(COMPETITORS, np.where(is_decided & ~deals.is_won, winner, -1)),
            "helped_specify": pa.array(helped),
            "published_on": dates(submitted - 12),
            "due_on": dates(submitted + 2),
            "submitted_at": moments_of(submitted, office_minute(draws, "submitted", *key)),
            "decided_on": dates(np.where(is_decided, deals.closed, NEVER)),
        },
        entered=entered,
        changed=changed,
        minute=evening(draws, *key),
    )


def opportunity_numbers(key: tuple[Ints, ...]) -> pa.Array:
    """OP, the account and the quarter; C for one that came with a campaign's days."""
    columns = [part.tolist() for part in key]
    return pa.array(
        [
            f"OP{number:06d}-{quarter:04d}{'C' if source == OF_CAMPAIGN else ''}"
            for number, source, quarter in zip(*columns, strict=True)
        ],
        pa.string(),
    )


def _entered(scene: Scene, deals: Deals) -> Ints:
    """A tenth are entered up to two weeks after they began."""
    key = deals.key(scene)
    return deals.opened + np.where(
        scene.draws.chance("deal late", 0.1, *key), 1 + scene.draws.below("deal delay", 13, *key), 0
    )


def _category(scene: Scene, deals: Deals, key: tuple[Ints, ...]) -> Ints:
    """What it is about: something the house does not buy from us yet, more often than not."""
    own = scene.accounts.categories[deals.row, 0]
    new = (scene.accounts.categories[deals.row, 2] + 1 + scene.draws.below("new category", 4, *key)) % len(CATEGORIES)
    return np.asarray(np.where(scene.draws.chance("is new category", 0.6, *key), new, own))


def _amount_on(deals: Deals, stage: Ints) -> np.typing.NDArray[np.float64]:
    """What is expected: a guess at first, the amount itself from the quote on."""
    return np.where(stage < 2, np.round(deals.amount * 1.2, -3), deals.amount)
