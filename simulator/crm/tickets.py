"""What goes wrong and what is asked: tickets, and how long they take. Strained houses report more and wait longer."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from simulator.behaviour import Mood
from simulator.crm.needs import Needs
from simulator.crm.people import People
from simulator.crm.scene import PERIOD, Scene, grid, last_change
from simulator.crm.texts import NEGATIVE, NEUTRAL, POSITIVE, Meanings, draw_meanings
from simulator.crm.themes import THEME_NAMES
from simulator.draws import Bools, Ints
from simulator.orders import draw_orders
from simulator.seasons import NEVER

TICKET_SETTLED = 200
"""Nothing about a ticket changes later than this many days after the purchase or the period it came from."""

COMPLAINT, FAULT, QUESTION, REQUEST, RETURN = range(5)
KINDS = ("complaint", "fault", "question", "request", "return")
AT_RANDOM, LATE, RETURNED = range(3)
_CLOSED_AFTER = 7
_LONGEST = 75
_RATE_OF_SIZE = np.array([0.065, 0.10, 0.19])


@dataclass(frozen=True, slots=True)
class Tickets:
    """One entry per ticket. `source` tells why it came, and with `nth` addresses it; a purchase is its order's."""

    row: Ints
    source: Ints
    nth: Ints
    position: Ints
    kind: Ints
    person: Ints
    opened: Ints
    opened_minute: Ints
    replied: Ints
    replied_minute: Ints
    solved: Ints
    solved_minute: Ints
    theme: Ints
    sentiment: Ints

    def only(self, keep: Bools) -> Tickets:
        """The tickets for which `keep` is true."""
        return Tickets(**{field.name: getattr(self, field.name)[keep] for field in fields(self)})

    def key(self, scene: Scene) -> tuple[Ints, Ints, Ints, Ints]:
        """What addresses the ticket's own chance."""
        return scene.accounts.number[self.row], self.source, self.nth, self.position

    def closed(self) -> Ints:
        """The day each ticket is put away."""
        return np.where(self.solved < NEVER, self.solved + _CLOSED_AFTER, NEVER)

    def changed(self, until: int) -> Ints:
        """The last day by `until` on which something about it was written."""
        return last_change(self.opened, self.replied, self.solved, self.closed(), until=until)

    def meanings(self, scene: Scene) -> Meanings:
        """What each ticket's description means."""
        return draw_meanings(scene.draws, "ticket", self.theme, self.sentiment, *self.key(scene))


def draw_tickets(scene: Scene, people: People, needs: Needs) -> Tickets:
    """Every ticket opened up to the last day, whether it still changes or not."""
    row, source, nth, position, opened = (
        np.concatenate(parts) for parts in zip(_at_random(scene), _of_purchases(scene), strict=True)
    )
    happens = (opened >= scene.accounts.starts[row]) & (opened >= scene.first) & (opened <= scene.until)
    happens &= scene.moods.on(row, opened) != Mood.LEFT
    row, source, nth, position, opened = (part[happens] for part in (row, source, nth, position, opened))
    draws, key = scene.draws, (scene.accounts.number[row], source, nth, position)
    strain = scene.strain_on(row, opened)
    luck = draws.uniform("ticket kind", *key)
    edges = np.cumsum(np.stack([0.16 + 0.34 * strain, 0.16 + 0.04 * strain, 0.38 - 0.2 * strain]), axis=0)
    kind = np.where(source == AT_RANDOM, (luck > edges).sum(axis=0), np.where(source == LATE, COMPLAINT, RETURN))
    theme = needs.themes(draws, "ticket theme", row, *key)
    quality = THEME_NAMES.index("quality")
    sure = np.where(source == LATE, THEME_NAMES.index("delivery"), quality)
    theme = np.where((source != AT_RANDOM) & draws.chance("theme of source", 0.9, *key), sure, theme)
    theme = np.where((kind == FAULT) & draws.chance("fault is quality", 0.6, *key), quality, theme)
    praises = draws.chance("praises", 0.06, *key)
    sentiment = np.where(np.isin(kind, (QUESTION, REQUEST)), np.where(praises, POSITIVE, NEUTRAL), NEGATIVE)
    person = np.where(
        draws.chance("ticket of nobody", 0.10, *key), -1, people.someone(draws, "reports", row, opened, *key)
    )
    minute = 510 + draws.below("ticket minute", 330, *key)
    replied, replied_minute = _later(scene, "reply", opened, minute, key, days=0.45 * (1.0 + 2.5 * strain))
    slow = np.where(np.isin(kind, (COMPLAINT, RETURN)), 4.5, 2.2) * (1.0 + 1.5 * strain)
    solved, solved_minute = _later(scene, "solution", replied, replied_minute, key, days=slow)
    never = draws.chance("never solved", 0.02 + 0.06 * strain, *key)
    return Tickets(
        row=row,
        source=source,
        nth=nth,
        position=position,
        kind=kind,
        person=person,
        opened=opened,
        opened_minute=minute,
        replied=np.where(never & draws.chance("never answered", 0.5, *key), NEVER, replied),
        replied_minute=replied_minute,
        solved=np.where(never, NEVER, solved),
        solved_minute=solved_minute,
        theme=theme,
        sentiment=sentiment,
    )


def _at_random(scene: Scene) -> tuple[Ints, ...]:
    row, period = grid(len(scene.accounts), range(scene.first // PERIOD, scene.until // PERIOD + 1))
    number = scene.accounts.number[row]
    begins = np.maximum(scene.first, period * PERIOD)
    rate = _RATE_OF_SIZE[scene.accounts.size[row]] * (1.0 + 2.6 * scene.strain_on(row, begins))
    counts = scene.draws.poisson("tickets", rate, number, period)
    entry = np.repeat(np.arange(row.size, dtype=np.int64), counts)
    position = np.arange(entry.size, dtype=np.int64) - np.repeat(np.cumsum(counts) - counts, counts)
    row, period = row[entry], period[entry]
    opened = period * PERIOD + scene.draws.below("ticket day", PERIOD, scene.accounts.number[row], period, position)
    return row, np.full(row.size, AT_RANDOM, dtype=np.int64), period, position, opened


def _of_purchases(scene: Scene) -> tuple[Ints, ...]:
    """A third of the late deliveries are complained about, and most returns are announced."""
    draws = scene.draws
    troubled = scene.purchases.only(scene.purchases.is_late | scene.purchases.is_returned)
    orders = draw_orders(draws, scene.accounts, troubled)
    key = orders.key()
    is_main = (orders.part == 0) & (orders.done < NEVER)
    is_late = np.isin(orders.count + 100_000 * orders.row, (troubled.count + 100_000 * troubled.row)[troubled.is_late])
    complains = is_main & is_late & draws.chance("complains of delay", 0.33, *key)
    announces = is_main & orders.is_returned & draws.chance("announces return", 0.7, *key)
    parts = []
    for source, chosen, day in (
        (LATE, complains, orders.confirmed + 9 + draws.below("complains on", 5, *key)),
        (RETURNED, announces, orders.done + 1 + draws.below("announced on", 2, *key)),
    ):
        at = np.flatnonzero(chosen)
        same = np.full(at.size, source, dtype=np.int64)
        parts.append((orders.row[at], same, orders.count[at], np.zeros(at.size, dtype=np.int64), day[at]))
    return tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))


def _later(
    scene: Scene, stream: str, day: Ints, minute: Ints, key: tuple[Ints, ...], *, days: np.typing.NDArray[np.float64]
) -> tuple[Ints, Ints]:
    """A moment after another one, some days on average; on the same day within the next hours."""
    draws = scene.draws
    waited = np.minimum(_LONGEST, np.floor(days * draws.exponential(stream, *key))).astype(np.int64)
    soon = minute + 5 + draws.below(f"{stream} soon", 140, *key)
    then = 520 + draws.below(f"{stream} then", 480, *key)
    return day + waited, np.where(waited == 0, soon, then)
