"""The acts as rows of the CRM."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pyarrow as pa

from simulator.crm.acts import (
    CALL,
    DIRECTIONS,
    DONE,
    EVENT,
    KINDS,
    MAIL,
    MEETING,
    NEUTRAL,
    OUTCOMES,
    SIGNS,
    SOCIAL,
    STATES,
    TRAINING,
    VISIT,
    Acts,
    draw_acts,
    state_on,
)
from simulator.crm.cells import accounts_of, blanked, chosen, contacts_of, moments_of, numbered, office_minute
from simulator.crm.needs import Needs
from simulator.crm.people import People
from simulator.crm.posts import POSTS, SENIORITIES
from simulator.crm.scene import Scene
from simulator.crm.tables import INTERACTION
from simulator.crm.texts import draw_meanings, write_texts
from simulator.draws import Ints
from simulator.erp_rows import evening
from simulator.seasons import NEVER
from simulator.tables import Rows

_SUBJECTS = (
    ("电话跟进", "上门拜访", "会议", "邮件往来", "活动", "培训", "微信沟通"),
    ("Follow-up call", "Visit", "Meeting", "Mail", "Event", "Training", "Chat"),
)
_JOINT_PLAN = ("联合规划会", "Joint plan for the year")
# Who is close to us at the top is visited by our own top, by level from -1 to 5; with some of them a plan is made.
_TOPS_MEET = np.array([0.04, 0.0, 0.06, 0.20, 0.40, 0.60, 0.75])
_SUPPORTS, _PLANNED_JOINTLY = 4, 0.30
_MINUTES = np.array([12, 70, 60, 5, 180, 150, 5])
_NOTED = 0.25


def act_rows(scene: Scene, people: People, needs: Needs) -> Rows:
    """The acts entered or changed in the scene's days."""
    acts = draw_acts(scene, people)
    keep = scene.wanted(acts.entered, state_on(acts, scene.until)[1])
    acts = Acts(**{field.name: getattr(acts, field.name)[keep] for field in fields(acts)})
    draws, key, number = scene.draws, acts.key(scene, people), scene.accounts.number[acts.row]
    state, changed = state_on(acts, scene.until)
    is_open = state != DONE
    minute = office_minute(draws, "act", *key)
    english = scene.languages()[acts.row]
    theirs = np.array([SENIORITIES.index(each.seniority) for each in POSTS])[people.post[acts.person]]
    at_the_top = np.isin(acts.kind, (VISIT, MEETING)) & (theirs == SENIORITIES.index("executive")) & acts.answered
    tops_meet = at_the_top & draws.chance("tops meet", _TOPS_MEET[acts.level + 1], *key)
    plans = tops_meet & (acts.level >= _SUPPORTS) & draws.chance("plans jointly", _PLANNED_JOINTLY, *key)
    ours = np.where(acts.kind == CALL, 3, draws.picked("our level", (6, 12, 32, 50), *key))
    ours = np.where(tops_meet, SENIORITIES.index("executive"), ours)
    is_brief = draws.chance("act without person", 0.03, *key)
    # What an edit corrects is the outcome.
    is_first_draft = (acts.edited > scene.until) & (acts.edited < NEVER)
    outcome = np.where(is_first_draft, NEUTRAL, acts.outcome)
    outcome = np.where(is_open | draws.chance("no outcome", 0.15, *key), -1, outcome)
    crowd = 3 + draws.below("crowd", 22, *key)
    length = np.maximum(1, np.round(_MINUTES[acts.kind] * (0.5 + draws.uniform("length", *key)))).astype(np.int64)
    subjects = [
        _JOINT_PLAN[tongue] if is_plan else _SUBJECTS[tongue][kind]
        for tongue, kind, is_plan in zip(english.tolist(), acts.kind.tolist(), plans.tolist(), strict=True)
    ]
    lacks_sides = draws.chance("sides unsaid", 0.1, *key)
    return Rows(
        table=INTERACTION,
        values={
            "interaction_no": numbered("AC", *key[:3], key[3], widths=(6, 2, 4, 2)),
            "account_no": accounts_of(number),
            "contact_no": contacts_of(number, np.where(is_brief, -1, people.slot[acts.person])),
            "owner_no": chosen([one.code for one in scene.managers], scene.owners(acts.row, acts.day)),
            "kind": chosen(KINDS, acts.kind),
            "direction": chosen(DIRECTIONS, acts.direction),
            "state": chosen(STATES, state),
            "outcome": chosen(OUTCOMES, outcome),
            "both_sides": blanked(pa.array(acts.answered), is_open | lacks_sides),
            "their_level": blanked(chosen(SENIORITIES, theirs), draws.chance("rank unsaid", 0.1, *key)),
            "our_level": chosen(SENIORITIES, ours),
            "sign": chosen(SIGNS, np.where(is_open, -1, acts.sign)),
            "subject": pa.array(subjects, pa.string()),
            "note": _notes(scene, acts, needs, english, key),
            "participants": blanked(pa.array(crowd), is_open | ~np.isin(acts.kind, (EVENT, TRAINING))),
            "minutes": blanked(pa.array(length), is_open | np.isin(acts.kind, (MAIL, SOCIAL))),
            "happened_at": moments_of(acts.day, minute),
        },
        entered=acts.entered,
        changed=changed,
        minute=evening(draws, *key),
    )


def _notes(scene: Scene, acts: Acts, needs: Needs, english: Ints, key: tuple[Ints, ...]) -> pa.Array:
    """What was said, for a quarter of the acts that somebody answered."""
    draws = scene.draws
    has_note = acts.answered & (acts.day <= scene.until) & draws.chance("noted", _NOTED, *key)
    at = np.flatnonzero(has_note)
    cut = tuple(part[at] for part in key)
    theme = needs.themes(draws, "note theme", acts.row[at], *cut)
    meanings = draw_meanings(draws, "note", theme, 1 - np.minimum(acts.outcome[at], 2), *cut)
    notes = np.full(has_note.size, None, dtype=object)
    notes[at] = write_texts(draws, "note", meanings, english[at], *cut)
    return pa.array(notes, pa.string(), from_pandas=True)
