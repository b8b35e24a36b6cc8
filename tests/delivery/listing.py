"""A build schema as the transform and the scoring leave it, for the programmes and the lists that are made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from delivery.actions import build_actions
from delivery.lists import ListReport, build_lists
from delivery.programmes import Arms, build_assignments
from tests.delivery.conftest import AS_OF
from warehouse.company import Company
from warehouse.database import Role, Warehouse
from warehouse.ledger import stage
from warehouse.night import Claim, Night

SCHEMA = "build_test"

# The columns that programmes and lists read, of the tables that dbt and the scoring leave in a build schema.
_TABLES = """
create table fct_churn_scores (
    account_id text, method_code text, model_id text, churn_probability double precision,
    churn_percentile double precision, band_code text, expected_loss_amount numeric, net_revenue_365d_amount numeric,
    margin_at_risk_amount numeric,
    reason_1_code text, reason_1_value double precision, reason_1_peer_value double precision,
    reason_2_code text, reason_2_value double precision, reason_2_peer_value double precision,
    reason_3_code text, reason_3_value double precision, reason_3_peer_value double precision, as_of_date date
);
create table dim_accounts (
    account_id text, account_name text, account_manager_id text, merged_into_account_id text, is_internal boolean
);
create table dim_account_managers (
    account_manager_id text, is_active boolean, list_capacity integer, stands_in_id text, covered_by_id text
);
create table int_churn_kinds_chosen (churn_kind text, is_scored boolean);
create table fct_order_lines (account_id text, order_date date, is_revenue boolean, is_return boolean);
create table fct_interactions (account_id text, happened_date date, is_done boolean, is_two_way boolean);
create table fct_account_relationships (
    account_id text, is_current boolean, unfilled_roles_count bigint, organisation_level_code text,
    organisation_level_name_en text, organisation_level_name_zh text
);
create table fct_relationship_plans (
    relationship_plan_key text, account_id text, contact_key text, is_open boolean, due_date date, gap_value numeric,
    dimension_name_en text, dimension_name_zh text, current_level_name_en text, current_level_name_zh text,
    target_level_name_en text, target_level_name_zh text, current_index numeric, target_index numeric
);
create table policy_relationship_targets (tier_code text, level_code text);
create table policy_relationship_organisation_levels (level_code text, position integer, name_en text, name_zh text);
create table policy_relationship_dimensions (dimension_code text, name_en text, name_zh text);
create table policy_list_statuses (status_code text, name_en text, name_zh text);
create table fct_account_abc (account_id text, abc_class text, published_class text);
create table fct_account_lifecycle_months (
    account_id text, stage_code text, stage_name_en text, stage_name_zh text, days_since_last_order integer,
    typical_gap_days double precision, is_current boolean, stage_since_date date
);
create table policy_parameters (parameter text, value numeric);
create table fct_key_accounts (account_id text, tier_code text);
create table policy_plays (
    play_code text, stage_code text, band_code text, tier_code text, theme text, capacity_count integer,
    name_en text, name_zh text, steps_en text, steps_zh text
);
create table policy_churn_bands (band_code text, name_en text, name_zh text, probability_from numeric);
create table policy_save_programmes (
    programme_code text, programme_kind text, name_en text, name_zh text, bands text, churned_days_from integer,
    churned_days_until integer, holdout_rate numeric(5, 4), holdout_rate_a_class numeric(5, 4)
);
create table policy_churn_reasons (reason_code text, text_en text, text_zh text, theme text);
create table policy_feedback_outcomes (
    outcome_code text, name_en text, name_zh text, words_en text, words_zh text, is_treatment boolean,
    is_closing boolean, snooze_days integer, snooze_days_maximum integer
);
insert into policy_feedback_outcomes values
('called', 'Called', '已联系', null, null, true, false, null, 180),
('lost', 'Lost', '已流失', null, null, false, true, 180, 365);
insert into policy_parameters values
('horizon_days', 90), ('list_capacity', 3), ('list_worsened_points', 0.1), ('list_shown_days', 3),
('list_cooldown_days', 7), ('list_memory_days', 20);
insert into policy_list_statuses values
('new', 'New', '新增'), ('worsened', 'Worse', '上升'), ('still_open', 'Open', '持续'), ('recovered', 'Well', '好转');
insert into policy_relationship_targets values ('S', 'partner'), ('N', 'vendor');
insert into policy_relationship_organisation_levels values
('vendor', 1, 'Vendor', '供货商'), ('partner', 4, 'Partner', '伙伴');
insert into policy_relationship_dimensions values ('organisation', 'Organisation', '组织');
insert into int_churn_kinds_chosen values ('fixed_window', true), ('contractual', false);
insert into policy_plays values
('wake_up', 'dormant', 'high', null, null, null, 'Wake up', '唤醒', 'Call.', '打电话。'),
('find_cause', 'declining', 'medium', null, null, null, 'Find the cause', '查明原因', 'Ask.', '询问。');
insert into policy_churn_bands values
('high', 'High', '高', 0.6), ('medium', 'Medium', '中', 0.3), ('low', 'Low', '低', 0);
insert into policy_save_programmes values
('save', 'save', 'Save', '挽留', 'high|medium', null, null, 0.3, 0.1),
('win_back', 'win_back', 'Win back', '赢回', null, 30, 720, 0.3, 0);
insert into policy_churn_reasons values
('days_since_last_order', 'Last order {value} days ago (similar: {peer})', '距上次下单 {value} 天（{peer}）', 'rhythm'),
('return_rate_365d', 'Returned {value} % (similar: {peer} %)', '退货 {value}%（{peer}%）', 'returns'),
('order_days_trend_rate', 'Change {value} % (similar: {peer} %)', '变化 {value}%（{peer}%）', 'rhythm'),
('overdue_ratio', 'Silent for {value} times (similar: {peer})', '{value} 倍（{peer}）', 'rhythm'),
('net_revenue_365d_amount', 'Revenue of {value} (similar: {peer})', '收入 {value}（{peer}）', 'spend');
grant select on all tables in schema build_test to guanxi_scorer;
"""


@dataclass(slots=True)
class Build:
    """A build schema as the transform and the scoring leave it."""

    warehouse: Warehouse
    connection: psycopg.Connection
    claim: Claim
    company: Company

    def add_manager(
        self, manager_id: str, *, is_active: bool = True, capacity: int | None = None, covered_by: str | None = None
    ) -> None:
        self.add(
            "dim_account_managers",
            account_manager_id=manager_id, is_active=is_active, list_capacity=capacity, covered_by_id=covered_by,
            stands_in_id=covered_by,
        )  # fmt: skip

    def add(self, table: str, **values: Any) -> None:
        self._insert(table, values)

    def add_account(self, account_id: str, manager_id: str | None, loss: float | None, **changes: Any) -> None:
        values: dict[str, Any] = {
            "account_id": account_id,
            "method_code": "model",
            "churn_probability": 0.7,
            "churn_percentile": 0.9,
            "band_code": "high",
            "expected_loss_amount": loss,
            "net_revenue_365d_amount": 1000,
        }
        stage_code = changes.pop("stage_code", "dormant")
        is_internal = changes.pop("is_internal", False)
        merged_into = changes.pop("merged_into", None)
        abc_class = changes.pop("abc_class", "A")
        since = changes.pop("stage_since_date", AS_OF)
        tier = changes.pop("tier_code", "N")
        days = changes.pop("days_since_last_order", 40)
        if changes.pop("is_scored", True):
            self._insert("fct_churn_scores", values | changes)
        self._insert(
            "dim_accounts",
            {
                "account_id": account_id,
                "account_name": f"Name of {account_id}",
                "account_manager_id": manager_id,
                "merged_into_account_id": merged_into,
                "is_internal": is_internal,
            },
        )
        self._insert("fct_key_accounts", {"account_id": account_id, "tier_code": tier})
        self._insert("fct_account_abc", {"account_id": account_id, "abc_class": "A", "published_class": abc_class})
        for is_current in (True, False):
            self._insert(
                "fct_account_lifecycle_months",
                {
                    "account_id": account_id,
                    "stage_code": stage_code if is_current else "mature",
                    "stage_name_en": stage_code.title(),
                    "stage_name_zh": "阶段",
                    "days_since_last_order": days,
                    "typical_gap_days": 12.5,
                    "is_current": is_current,
                    "stage_since_date": since,
                },
            )

    def assign(self, **changes: Any) -> list[Arms]:
        """Make the assignments of the programmes that the company switched on."""
        self.connection.commit()
        arguments: dict[str, Any] = {"claim": self.claim, "schema": SCHEMA, "as_of": AS_OF, "company": self.company}
        with self.warehouse.connect(Role.SCORER) as scorer:
            return build_assignments(scorer, **(arguments | changes))

    def run(self, **changes: Any) -> ListReport:
        """Make the assignments, then the lists."""
        self.assign(**changes)
        return self.lists(**changes)

    def lists(self, **changes: Any) -> ListReport:
        """Make the actions and the lists alone."""
        self.connection.commit()
        arguments: dict[str, Any] = {"claim": self.claim, "schema": SCHEMA, "as_of": AS_OF, "company": self.company}
        arguments |= changes
        with self.warehouse.connect(Role.SCORER) as scorer:
            build_actions(scorer, **arguments)
            return build_lists(scorer, **arguments)

    def rows(self) -> list[dict[str, Any]]:
        return self._told("select * from build_test.fct_churn_lists order by account_manager_id, rank")

    def actions(self) -> list[dict[str, Any]]:
        return self._told("select * from build_test.fct_account_next_actions")

    def assigned(self) -> dict[tuple[str, str], dict[str, Any]]:
        """The rows of the assignments, by programme and account."""
        rows = self._told("select * from build_test.fct_programme_assignments")
        return {(row["programme_code"], row["account_id"]): row for row in rows}

    def listed(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for row in self.rows():
            found.setdefault(row["account_manager_id"], []).append(row["account_id"])
        return found

    def _told(self, query: LiteralString) -> list[dict[str, Any]]:
        with self.warehouse.connect_admin() as connection, connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query).fetchall()

    def _insert(self, table: str, values: Mapping[str, Any]) -> None:
        self.connection.execute(
            sql.SQL("insert into {} ({}) values ({})").format(
                sql.Identifier(SCHEMA, table),
                sql.SQL(", ").join(map(sql.Identifier, values)),
                sql.SQL(", ").join(sql.Placeholder() * len(values)),
            ),
            list(values.values()),
        )


@contextmanager
def a_build(warehouse: Warehouse, night: Night, company: Company) -> Iterator[Build]:
    """Make the tables, empty but for the policy, and claim the stage score."""
    with warehouse.connect(Role.TRANSFORMER) as connection, stage(warehouse, night, "score") as claim:
        connection.execute("create schema build_test")
        connection.execute("set search_path to build_test")
        connection.execute(_TABLES)
        connection.execute("grant usage, create on schema build_test to guanxi_scorer")
        connection.commit()
        yield Build(warehouse, connection, claim, company)
