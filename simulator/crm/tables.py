"""The tables of the simulated CRM: everything it knows beside the accounts, which it exports as a file."""

from __future__ import annotations

from simulator.crm.crm_table import crm_table
from simulator.crm.steering_tables import RELATION_PLAN, RELATION_REVIEW

CONTACT = crm_table(
    "contact",
    "contact_no",
    """
    account_no text
    name text
    title text
    department text
    seniority text
    buying_role text
    decision_chain text
    relation_level integer
    reports_to text
    owner_no text
    is_main boolean not null
    email text
    phone text
    may_write text
    left_on date
    created_at timestamptz not null
    """,
    "One row per person at a customer. relation_level is what the account manager claims, from -1 to 5.",
)
INTERACTION = crm_table(
    "interaction",
    "interaction_no",
    """
    account_no text
    contact_no text
    owner_no text
    kind text not null
    direction text
    state text
    outcome text
    both_sides boolean
    their_level text
    our_level text
    sign text
    subject text
    note text
    participants integer
    minutes integer
    happened_at timestamptz not null
    """,
    "One row per call, visit, meeting, mail, event or training with a person. Many are entered days later.",
)
OPPORTUNITY = crm_table(
    "opportunity",
    "opportunity_no",
    """
    account_no text not null
    contact_no text
    owner_no text
    campaign_no text
    sku text
    name text
    kind text
    stage text not null
    amount numeric(14, 2)
    chance numeric(4, 2)
    origin text
    lost_because text
    competitor text
    opened_at timestamptz not null
    expected_on date
    closed_at timestamptz
    """,
    "One row per deal that may come. Stages: 初步接洽, 需求确认, 方案报价, 商务谈判, 赢单, 输单.",
)
OPPORTUNITY_STAGE = crm_table(
    "opportunity_stage",
    "change_no",
    """
    opportunity_no text not null
    from_stage text
    to_stage text not null
    amount numeric(14, 2)
    chance numeric(4, 2)
    changed_by text
    changed_at timestamptz not null
    """,
    "One row per move of an opportunity.",
)
BID = crm_table(
    "bid",
    "bid_no",
    """
    account_no text not null
    opportunity_no text
    owner_no text
    name text
    result text not null
    amount numeric(14, 2)
    our_rank integer
    technical_rank integer
    bidders integer
    winner text
    helped_specify boolean
    published_on date
    due_on date
    submitted_at timestamptz
    decided_on date
    """,
    "One row per tender we took part in.",
)
REFERRAL = crm_table(
    "referral",
    "referral_no",
    """
    account_no text not null
    contact_no text
    referred_no text
    state text not null
    referred_at timestamptz not null
    """,
    "One row per time a customer recommended us; referred_no once the other one buys.",
)
CONTRACT = crm_table(
    "contract",
    "contract_no",
    """
    account_no text not null
    previous_no text
    name text
    kind text not null
    scope text
    state text not null
    starts_on date not null
    ends_on date
    signed_on date
    notice_on date
    ended_by text
    end_reason text
    renews_itself boolean
    billing text
    monthly_amount numeric(14, 2)
    total_amount numeric(14, 2)
    """,
    "One row per agreement and year. A renewal is a row of its own that names the one before.",
)
CHURN_NOTE = crm_table(
    "churn_note",
    "note_no",
    """
    account_no text not null
    left_on date not null
    reason text
    lost_to text
    of_own_will boolean
    came_back_before boolean
    remark text
    """,
    "One row per time somebody wrote down why a customer had left.",
)
CAMPAIGN = crm_table(
    "campaign",
    "campaign_no",
    """
    name text not null
    kind text not null
    owner_no text
    starts_on date
    ends_on date
    budget numeric(14, 2)
    cost numeric(14, 2)
    """,
    "One row per campaign.",
)
CAMPAIGN_MEMBER = crm_table(
    "campaign_member",
    "member_no",
    """
    campaign_no text not null
    account_no text not null
    contact_no text
    arm text not null
    state text
    joined_at timestamptz not null
    """,
    "One row per customer chosen for a campaign. Arms: treated, and holdout for those left out on purpose.",
)
TICKET = crm_table(
    "ticket",
    "ticket_no",
    """
    account_no text not null
    contact_no text
    order_no text
    owner_no text
    kind text
    category text
    priority text
    state text not null
    channel text
    escalated boolean
    subject text
    description text
    opened_at timestamptz not null
    first_reply_at timestamptz
    solved_at timestamptz
    """,
    "One row per complaint, fault, question, request or return. category is what the desk typed in, and often empty.",
)
SURVEY = crm_table(
    "survey",
    "survey_no",
    """
    account_no text not null
    contact_no text
    ticket_no text
    kind text not null
    state text not null
    score integer
    best_score integer
    remark text
    asked_at timestamptz not null
    answered_at timestamptz
    """,
    "One row per question asked: nps, csat or ces. States: asked, answered; a remark may come without a score.",
)
WEB_VISIT = crm_table(
    "web_visit",
    "visit_no",
    """
    account_no text
    contact_no text
    campaign_no text
    domain text
    page text
    referrer text
    pages integer
    seconds integer
    errors integer
    signed_in boolean
    visited_at timestamptz not null
    """,
    "One row per visit to the shop and the site.",
)
LOYALTY_MOVEMENT = crm_table(
    "loyalty_movement",
    "movement_no",
    """
    account_no text not null
    programme text not null
    kind text not null
    points integer not null
    balance integer
    tier text
    order_no text
    moved_at timestamptz not null
    """,
    "One row per movement of loyalty points: earned with an order, redeemed, expired. Points out are negative.",
)
CRM_TABLES = (
    CONTACT,
    INTERACTION,
    OPPORTUNITY,
    OPPORTUNITY_STAGE,
    BID,
    REFERRAL,
    CONTRACT,
    CHURN_NOTE,
    CAMPAIGN,
    CAMPAIGN_MEMBER,
    TICKET,
    SURVEY,
    WEB_VISIT,
    LOYALTY_MOVEMENT,
    RELATION_PLAN,
    RELATION_REVIEW,
)
