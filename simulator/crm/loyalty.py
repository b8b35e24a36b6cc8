"""The points programme: each order earns a lot of points, and each lot is redeemed whole, or expires after a year."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from simulator.crm.cells import accounts_of, chosen, moments_of, numbered
from simulator.crm.scene import Scene
from simulator.crm.tables import LOYALTY_MOVEMENT
from simulator.erp_rows import evening
from simulator.seasons import NEVER
from simulator.tables import Rows

EXPIRES_AFTER = 365
_MEMBERS = 0.18
_YUAN_A_POINT = 10.0
_TIERS = ("银卡", "金卡", "钻石卡")
_TIER_FROM = np.array([0, 20_000, 80_000])
EARNED, REDEEMED, EXPIRED = range(3)


def movement_rows(scene: Scene) -> Rows:
    """The movements of the scene's days. Balance and tier need all movements before, so all are drawn."""
    draws, accounts, purchases = scene.draws, scene.accounts, scene.purchases
    joined = accounts.starts + draws.below("joins programme", 200, accounts.number)
    is_member = draws.chance("member", _MEMBERS, accounts.number)
    bought = np.flatnonzero((is_member & (joined < NEVER))[purchases.row] & (purchases.day >= joined[purchases.row]))
    row, day, count = purchases.row[bought], purchases.day[bought], purchases.count[bought]
    lot = (accounts.number[row], count)
    worth = np.exp(accounts.log_order_value[row]) * purchases.spend[bought]
    points = np.maximum(1, np.round(worth / _YUAN_A_POINT * (0.7 + 0.6 * draws.uniform("points", *lot)))).astype(
        np.int64
    )
    is_redeemed = draws.chance("redeems", 0.6, *lot)
    goes = day + np.where(is_redeemed, 20 + draws.below("redeems after", 300, *lot), EXPIRES_AFTER)
    row, count = np.concatenate([row, row]), np.concatenate([count, count])
    kind = np.concatenate([np.full(day.size, EARNED), np.where(is_redeemed, REDEEMED, EXPIRED)])
    moved = np.concatenate([day, goes])
    points = np.concatenate([points, -points])
    order = np.lexsort((count, kind, moved, row))
    row, count, kind, moved, points = (part[order] for part in (row, count, kind, moved, points))
    at = np.flatnonzero(scene.wanted(moved, moved))
    number = accounts.number[row[at]]
    earned = _running(row, np.maximum(points, 0))
    tier = np.searchsorted(_TIER_FROM, earned, side="right") - 1
    return Rows(
        table=LOYALTY_MOVEMENT,
        values={
            "movement_no": numbered("LP", number, count[at], kind[at], widths=(6, 4, 1)),
            "account_no": accounts_of(number),
            "programme": pa.array(["清河积分"] * at.size, pa.string()),
            "kind": chosen(("earned", "redeemed", "expired"), kind[at]),
            "points": pa.array(points[at]),
            "balance": pa.array(_running(row, points)[at]),
            "tier": chosen(_TIERS, tier[at]),
            "order_no": numbered("SO", np.where(kind[at] == EARNED, number, -1), count[at], widths=(6, 4)),
            "moved_at": moments_of(moved[at], 1_140 + np.minimum(50, count[at] % 50)),
        },
        entered=moved[at],
        changed=moved[at],
        minute=evening(draws, number, count[at], kind[at]),
    )


def _running(row: np.typing.NDArray[np.int64], values: np.typing.NDArray[np.int64]) -> np.typing.NDArray[np.int64]:
    """The sum so far within each row; rows are in order."""
    total = np.cumsum(values)
    starts = np.flatnonzero(np.concatenate([[True], row[1:] != row[:-1]])) if row.size else np.zeros(0, dtype=np.int64)
    before = np.concatenate([[0], total])[starts]
    lengths = np.diff(np.concatenate([starts, [row.size]]))
    return np.asarray(total - np.repeat(before, lengths))
