"""The people as rows of the CRM: with gaps, with people entered twice, and with twins that are taken out again."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa

from simulator.crm.cells import accounts_of, blanked, chosen, contacts_of, moments_of, office_minute
from simulator.crm.people import People
from simulator.crm.posts import POSTS
from simulator.crm.scene import PERIOD, Scene
from simulator.crm.tables import CONTACT
from simulator.draws import Bools, Ints
from simulator.erp_rows import dates, evening
from simulator.seasons import NEVER
from simulator.tables import Rows
from simulator.words import ENGLISH_GIVEN_NAMES, GIVEN_NAMES, SURNAMES

_TWIN = 50
"""Added to the slot of a person for the second row somebody entered."""


@dataclass(frozen=True, slots=True)
class _Entries:
    """One entry per row: whose it is, and when it was entered, changed and taken out."""

    person: Ints
    slot: Ints
    claim: Ints
    noticed: Ints
    entered: Ints
    changed: Ints
    removed: Ints

    def only(self, keep: Bools) -> _Entries:
        """The entries for which `keep` is true."""
        return _Entries(**{field.name: getattr(self, field.name)[keep] for field in fields(self)})


def contact_rows(scene: Scene, people: People) -> Rows:
    """Every person once, and a few twice; a twin goes when somebody notices it."""
    draws = scene.draws
    person = np.arange(len(people), dtype=np.int64)
    number = scene.accounts.number[people.row]
    has_twin = np.flatnonzero(draws.chance("has twin", 0.02, number, people.slot))
    person = np.concatenate([person, has_twin])
    slot = people.slot[person] + np.where(np.arange(person.size) < len(people), 0, _TWIN)
    is_twin = slot >= _TWIN
    number = scene.accounts.number[people.row[person]]
    entered = people.since[person] + np.where(is_twin, 30 + draws.below("twin after", 300, number, slot), 0)
    removed = np.where(
        is_twin & draws.chance("twin found", 0.6, number, slot),
        entered + 20 + draws.below("twin gone", 200, number, slot),
        NEVER,
    )
    claim, claim_day = _claim(scene, people, person)
    noticed = np.where(is_twin, NEVER, people.noticed[person])
    last = np.where(is_twin, entered, np.maximum(entered, claim_day))
    changed = np.where(noticed <= scene.until, np.maximum(last, noticed), last)
    keep = scene.wanted(entered, changed, removed)
    entries = _Entries(person, slot, claim, noticed, entered, changed, removed)
    return _rows(scene, people, entries.only(keep))


def _claim(scene: Scene, people: People, person: Ints) -> tuple[Ints, Ints]:
    """The level claimed on the last day, and the day it was entered."""
    at = scene.until // PERIOD - people.first_period
    # who has left is not judged any more
    last_day = np.minimum(scene.until, people.left - 1)
    limit = np.clip(last_day // PERIOD - people.first_period, 0, at)
    column = np.arange(1, at + 1)
    claimed = people.claimed[:, : at + 1]
    moves = (claimed[:, 1:] != claimed[:, :-1]) & (column <= limit[:, None])
    last = np.where(moves, column, 0).max(axis=1, initial=0)
    day = np.where(last == 0, 0, (people.first_period + last) * PERIOD)
    return claimed[np.arange(len(people)), limit].astype(np.int64)[person], day[person]


def _rows(scene: Scene, people: People, entries: _Entries) -> Rows:
    draws, person, slot = scene.draws, entries.person, entries.slot
    row = people.row[person]
    number, post = scene.accounts.number[row], people.post[person]
    key = (number, slot)
    own = (number, people.slot[person])
    english = (scene.languages()[row] == 1).astype(np.int64)
    names, addresses = _names(scene, number, people.slot[person], english == 1, slot >= _TWIN)
    refuses, says_nothing = draws.chance("refuses mail", 0.05, *own), draws.chance("never asked", 0.25, *own)
    owner = scene.owners(row, entries.entered)
    titles = [text for each in POSTS for text in each.title]
    departments = [text for each in POSTS for text in each.department]
    boss_since = np.full(len(scene.accounts), NEVER, dtype=np.int64)
    boss_since[people.row[people.slot == 1]] = people.since[people.slot == 1]
    knows_boss = (post != 1) & (boss_since[row] <= entries.entered) & ~draws.chance("no boss known", 0.35, *key)
    gap = _gaps(scene, key)
    return Rows(
        table=CONTACT,
        values={
            "contact_no": contacts_of(number, slot),
            "account_no": blanked(accounts_of(number), draws.chance("contact of nobody", 0.006, *key)),
            "name": pa.array(names),
            "title": blanked(chosen(titles, 2 * post + english), gap["title"]),
            "department": blanked(chosen(departments, 2 * post + english), gap["department"]),
            "seniority": blanked(chosen([each.seniority for each in POSTS], post), gap["seniority"]),
            "buying_role": blanked(chosen([each.role for each in POSTS], post), gap["role"]),
            "decision_chain": blanked(chosen([each.chain for each in POSTS], post), gap["role"]),
            "relation_level": blanked(pa.array(entries.claim), gap["claim"] | (slot >= _TWIN)),
            "reports_to": contacts_of(number, np.where(knows_boss, 1, -1)),
            "owner_no": chosen([manager.code for manager in scene.managers], owner),
            "is_main": pa.array(slot == 0),
            "email": blanked(pa.array(addresses), gap["email"]),
            "phone": blanked(
                pa.array([f"+86 10 5550 {one:04d}" for one in (number * 7 + slot) % 10_000]), gap["phone"]
            ),
            "may_write": blanked(chosen(("yes", "no"), refuses.astype(np.int64)), says_nothing),
            "left_on": dates(np.where(entries.noticed <= scene.until, people.left[person], NEVER)),
            "created_at": moments_of(entries.entered, office_minute(draws, "contact", *key)),
        },
        entered=entries.entered,
        changed=entries.changed,
        minute=evening(draws, *key),
        removed=entries.removed,
    )


def _gaps(scene: Scene, key: tuple[Ints, Ints]) -> dict[str, Bools]:
    """What nobody has filled in."""
    shares = {
        "title": 0.05,
        "department": 0.06,
        "seniority": 0.08,
        "role": 0.15,
        "claim": 0.15,
        "email": 0.06,
        "phone": 0.1,
    }
    return {name: scene.draws.chance(f"no {name}", share, *key) for name, share in shares.items()}


def _names(scene: Scene, number: Ints, slot: Ints, english: Bools, is_twin: Bools) -> tuple[list[str], list[str]]:
    draws = scene.draws
    surname = draws.below("contact surname", len(SURNAMES), number, slot).tolist()
    given = draws.below("contact given name", len(GIVEN_NAMES), number, slot).tolist()
    foreign = draws.below("contact english name", len(ENGLISH_GIVEN_NAMES), number, slot).tolist()
    names, addresses = [], []
    for at, house in enumerate(number.tolist()):
        chinese, pinyin = SURNAMES[surname[at]]
        first, first_pinyin = GIVEN_NAMES[given[at]]
        if english[at]:
            first_pinyin = ENGLISH_GIVEN_NAMES[foreign[at]].lower()
            name = f"{first_pinyin.title()} {pinyin.title()}"
        else:
            name = chinese + first
        address = f"{first_pinyin}.{pinyin}.{slot[at]}@c{house:06d}.example.com"
        names.append(f" {name.upper()}" if is_twin[at] else name)
        addresses.append(address.title() if is_twin[at] else address)
    return names, addresses
