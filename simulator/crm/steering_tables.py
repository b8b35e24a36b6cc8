"""The tables of the simulated CRM in which relationships are planned and reviewed."""

from __future__ import annotations

from simulator.crm.crm_table import crm_table

RELATION_PLAN = crm_table(
    "relation_plan",
    "plan_no",
    """
    account_no text not null
    contact_no text
    side text not null
    goal text
    owner_no text
    due_on date
    state text not null
    approved_by text
    approved_at timestamptz
    actions text
    planned_at timestamptz not null
    """,
    "One row per step planned for the relationship with a person or a customer.",
)
RELATION_REVIEW = crm_table(
    "relation_review",
    "review_no",
    """
    account_no text not null
    reviewer_no text
    reviewed_at timestamptz not null
    outcome text not null
    agreed text
    """,
    "One row per time an account manager looked at the relationship with a customer.",
)
