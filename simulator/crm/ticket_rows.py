"""The tickets as rows of the CRM: the desk types in a category, and not always the right one."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from simulator.crm.cells import accounts_of, blanked, chosen, contacts_of, moments_of, numbered
from simulator.crm.people import People
from simulator.crm.scene import Scene
from simulator.crm.tables import TICKET
from simulator.crm.texts import write_subjects, write_texts
from simulator.crm.themes import THEME_NAMES
from simulator.crm.tickets import AT_RANDOM, COMPLAINT, FAULT, KINDS, Tickets
from simulator.draws import Ints
from simulator.erp_rows import evening
from simulator.seasons import NEVER
from simulator.tables import Rows

_CATEGORIES = (
    "物流交付",
    "价格商务",
    "产品质量",
    "服务响应",
    "线上下单",
    "培训指导",
    "新品需求",
    "发票对账",
    "包装标签",
)
_CHANNELS = ("电话", "微信", "邮件", "商城", "销售转达")
_PRIORITIES = ("low", "normal", "high", "urgent")
_LETTERS = ("T", "L", "R")


def ticket_numbers(scene: Scene, tickets: Tickets) -> pa.Array:
    """TK, the account, where it came from, and which one of those."""
    columns = [part.tolist() for part in tickets.key(scene)]
    return pa.array(
        [
            f"TK{number:06d}-{_LETTERS[source]}{nth:04d}{position}"
            for number, source, nth, position in zip(*columns, strict=True)
        ],
        pa.string(),
    )


def ticket_rows(scene: Scene, people: People, tickets: Tickets) -> Rows:
    """The tickets entered or changed in the scene's days."""
    changed = tickets.changed(scene.until)
    keep = scene.wanted(tickets.opened, changed)
    tickets, changed = tickets.only(keep), changed[keep]
    draws, key, until = scene.draws, tickets.key(scene), scene.until
    number = key[0]
    strain = scene.strain_on(tickets.row, tickets.opened)
    is_heavy = np.isin(tickets.kind, (COMPLAINT, FAULT))
    state = np.select(
        [tickets.closed() <= until, tickets.solved <= until, tickets.replied <= until], [3, 2, 1], default=0
    )
    priority = np.where(
        is_heavy, draws.picked("priority", (5, 50, 33, 12), *key), draws.picked("priority", (25, 65, 9, 1), *key)
    )
    is_escalated = is_heavy & draws.chance("escalated", 0.06 + 0.15 * strain, *key)
    language = scene.languages()[tickets.row]
    slot = np.where(tickets.person < 0, -1, people.slot[tickets.person])
    order = np.where(tickets.source == AT_RANDOM, -1, number)
    return Rows(
        table=TICKET,
        values={
            "ticket_no": ticket_numbers(scene, tickets),
            "account_no": accounts_of(number),
            "contact_no": contacts_of(number, slot),
            "order_no": numbered("SO", order, tickets.nth, widths=(6, 4)),
            "owner_no": chosen([one.code for one in scene.managers], scene.owners(tickets.row, tickets.opened)),
            "kind": blanked(chosen(KINDS, tickets.kind), draws.chance("kind unsaid", 0.03, *key)),
            "category": chosen(_CATEGORIES, _typed(scene, tickets, key)),
            "priority": blanked(chosen(_PRIORITIES, priority), draws.chance("priority unsaid", 0.08, *key)),
            "state": chosen(("open", "waiting", "resolved", "closed"), state),
            "channel": chosen(_CHANNELS, draws.picked("channel", (30, 34, 14, 10, 12), *key)),
            "escalated": pa.array(is_escalated & (tickets.replied <= until)),
            "subject": pa.array(write_subjects(draws, "ticket", language, *key), pa.string()),
            "description": blanked(
                pa.array(write_texts(draws, "ticket", tickets.meanings(scene), language, *key), pa.string()),
                is_wordless(scene, tickets),
            ),
            "opened_at": moments_of(tickets.opened, tickets.opened_minute),
            "first_reply_at": moments_of(_by(tickets.replied, until), tickets.replied_minute),
            "solved_at": moments_of(_by(tickets.solved, until), tickets.solved_minute),
        },
        entered=tickets.opened,
        changed=changed,
        minute=evening(draws, *key),
    )


def is_wordless(scene: Scene, tickets: Tickets) -> np.typing.NDArray[np.bool_]:
    """Tickets of which the desk noted a headline only."""
    return scene.draws.chance("wordless", 0.08, *tickets.key(scene))


def _typed(scene: Scene, tickets: Tickets, key: tuple[Ints, ...]) -> Ints:
    how = scene.draws.picked("typed", (68, 22, 10), *key)
    wrong = scene.draws.below("typed wrong", len(THEME_NAMES), *key)
    return np.asarray(np.select([how == 0, how == 1], [tickets.theme, -1], wrong))


def _by(day: Ints, until: int) -> Ints:
    return np.where(day <= until, day, NEVER)
