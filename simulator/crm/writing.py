"""The CRM's rows of some accounts, and the truth behind them, table by table."""

from __future__ import annotations

from collections.abc import Callable

from simulator.crm import truth as behind
from simulator.crm.act_rows import act_rows
from simulator.crm.agreements import churn_note_rows, contract_rows
from simulator.crm.contact_rows import contact_rows
from simulator.crm.deal_rows import bid_rows, opportunity_rows, stage_rows
from simulator.crm.deals import draw_deals
from simulator.crm.loyalty import movement_rows
from simulator.crm.needs import draw_needs
from simulator.crm.people import draw_people
from simulator.crm.programmes import draw_members, member_rows
from simulator.crm.referrals import referral_rows
from simulator.crm.scene import Scene
from simulator.crm.steering import plan_rows, review_rows
from simulator.crm.surveys import draw_surveys, survey_rows
from simulator.crm.ticket_rows import ticket_rows
from simulator.crm.tickets import draw_tickets
from simulator.crm.truth import CrmTruth
from simulator.crm.web import visit_rows
from simulator.tables import Rows


def write_scene(scene: Scene, *, truth: CrmTruth, put: Callable[[Rows], None]) -> None:
    """Hand the rows of the scene's days to `put`, and all that is true up to its last day to `truth`."""
    people, needs, members = draw_people(scene), draw_needs(scene), draw_members(scene)
    tickets = draw_tickets(scene, people, needs)
    surveys = draw_surveys(scene, people, needs, tickets)
    behind.add_accounts(truth, scene, people, needs)
    behind.add_attitudes(truth, scene, people)
    behind.add_texts(truth, scene, tickets, surveys)
    behind.add_members(truth, scene, members)
    if scene.after == scene.until:
        return
    deals = draw_deals(scene, people, needs, members)
    put(contact_rows(scene, people))
    put(act_rows(scene, people, needs))
    put(opportunity_rows(scene, people, deals))
    put(stage_rows(scene, deals))
    put(bid_rows(scene, deals))
    put(referral_rows(scene, people))
    put(contract_rows(scene))
    put(churn_note_rows(scene))
    put(member_rows(scene, people, members))
    put(ticket_rows(scene, people, tickets))
    put(survey_rows(scene, people, tickets, surveys))
    put(visit_rows(scene, people))
    put(movement_rows(scene))
    put(plan_rows(scene, people))
    put(review_rows(scene))
