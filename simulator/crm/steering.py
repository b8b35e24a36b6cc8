"""What managers plan for relationships, and what they say when they look at them again.

A step is planned for a person or for the house, begun, done about when it is due, and approved by somebody else: as
often as not before the person thinks as well of us as was planned.
"""

from __future__ import annotations

import numpy as np

from simulator.crm.cells import accounts_of, blanked, chosen, contacts_of, moments_of, numbered, office_minute
from simulator.crm.people import People
from simulator.crm.scene import PERIOD, Scene, grid, last_change
from simulator.crm.steering_tables import RELATION_PLAN, RELATION_REVIEW
from simulator.draws import Ints
from simulator.erp_rows import dates, evening
from simulator.seasons import NEVER
from simulator.tables import Rows

QUARTER = 91
_PLANNED_A_PERIOD = 0.02
_REVIEWED_A_QUARTER = 0.35
_LONGEST_STEP = 30 + 150 + 45 + 15
_PERSON, _HOUSE, _RANK = range(3)
_SIDES = ("key", "general", "organisation")
_GOALS = (*(str(level) for level in range(6)), "A", "B", "C", "supplier", "key_supplier", "strategic_partner")
_ACTIONS = ("安排高层互访", "组织技术交流", "邀请参观工厂", "共同制定年度计划", "拜访使用部门")
_OUTCOMES = ("confirmed", "changed", "escalated")


def plan_rows(scene: Scene, people: People) -> Rows:
    """The steps entered or changed in the scene's days."""
    draws = scene.draws
    house, period = grid(len(scene.accounts), scene.periods(back=_LONGEST_STEP))
    key: tuple[Ints, ...] = (scene.accounts.number[house], period)
    planned = np.maximum(scene.first, period * PERIOD + draws.below("plans on", PERIOD, *key))
    at = np.flatnonzero(draws.chance("plans", _PLANNED_A_PERIOD, *key) & (scene.accounts.starts[house] <= planned))
    house, planned, key = house[at], planned[at], tuple(part[at] for part in key)
    side = draws.picked("plan side", (60, 25, 15), *key)
    person = np.where(side == _PERSON, people.someone(draws, "plans for", house, planned, *key), -1)
    side = np.where((side == _PERSON) & (person < 0), _HOUSE, side)
    now = people.level_on(np.maximum(person, 0), planned)
    goal = np.select(
        [side == _PERSON, side == _HOUSE],
        [np.clip(now + 1 + draws.below("plan step", 2, *key), 0, 5), 6 + draws.below("plan class", 3, *key)],
        default=9 + draws.below("plan rank", 3, *key),
    )
    begun = planned + 3 + draws.below("plan begun", 27, *key)
    due = planned + 60 + draws.below("plan due", 120, *key)
    given_up = draws.chance("plan given up", 0.1, *key)
    done = due - 20 + draws.below("plan done", 65, *key)
    done = np.where(given_up | draws.chance("plan forgotten", 0.2, *key), NEVER, done)
    ended = np.where(given_up, due - 10, NEVER)
    is_approved = draws.chance("plan approved", 0.75, *key) & (done < NEVER)
    approved = np.where(is_approved, done + 1 + draws.below("plan approved after", 14, *key), NEVER)
    changed = last_change(planned, begun, done, ended, approved, until=scene.until)
    at = np.flatnonzero(scene.wanted(planned, changed))
    key = tuple(part[at] for part in key)
    house, planned, side, person, goal, begun, due, done, ended, approved, changed = (
        each[at] for each in (house, planned, side, person, goal, begun, due, done, ended, approved, changed)
    )
    state = np.select([ended <= scene.until, done <= scene.until, begun <= scene.until], [3, 2, 1], default=0)
    known = np.where(approved <= scene.until, approved, NEVER)
    codes = [manager.code for manager in scene.managers]
    owner = scene.owners(house, planned)
    return Rows(
        table=RELATION_PLAN,
        values={
            "plan_no": numbered("RP", *key, widths=(6, 4)),
            "account_no": accounts_of(key[0]),
            "contact_no": contacts_of(np.where(person < 0, -1, key[0]), people.slot[np.maximum(person, 0)]),
            "side": chosen(_SIDES, side),
            "goal": chosen(_GOALS, goal),
            "owner_no": chosen(codes, owner),
            "due_on": dates(due),
            "state": chosen(("planned", "active", "completed", "cancelled"), state),
            "approved_by": blanked(chosen(codes, (owner + 1) % len(codes)), known == NEVER),
            "approved_at": moments_of(known, office_minute(draws, "plan approved", *key)),
            "actions": chosen(_ACTIONS, draws.below("plan actions", len(_ACTIONS), *key)),
            "planned_at": moments_of(planned, office_minute(draws, "plans", *key)),
        },
        entered=planned,
        changed=changed,
        minute=evening(draws, *key),
    )


def review_rows(scene: Scene) -> Rows:
    """The reviews entered in the scene's days."""
    draws = scene.draws
    quarters = range(max(scene.first, scene.after - QUARTER) // QUARTER, scene.until // QUARTER + 1)
    house, quarter = grid(len(scene.accounts), quarters)
    key: tuple[Ints, ...] = (scene.accounts.number[house], quarter)
    day = np.maximum(scene.first, quarter * QUARTER + draws.below("reviews on", QUARTER, *key))
    is_due = draws.chance("reviews", _REVIEWED_A_QUARTER, *key) & (scene.accounts.starts[house] <= day)
    at = np.flatnonzero(is_due & scene.wanted(day, day))
    house, day, key = house[at], day[at], tuple(part[at] for part in key)
    agreed = 6 + draws.below("review level", 5, *key)
    return Rows(
        table=RELATION_REVIEW,
        values={
            "review_no": numbered("RR", *key, widths=(6, 4)),
            "account_no": accounts_of(key[0]),
            "reviewer_no": chosen([manager.code for manager in scene.managers], scene.owners(house, day)),
            "reviewed_at": moments_of(day, office_minute(draws, "reviews", *key)),
            "outcome": chosen(_OUTCOMES, draws.picked("review outcome", (70, 22, 8), *key)),
            "agreed": blanked(chosen(_GOALS, agreed), draws.chance("review agrees on nothing", 0.5, *key)),
        },
        entered=day,
        changed=day,
        minute=evening(draws, *key),
    )
