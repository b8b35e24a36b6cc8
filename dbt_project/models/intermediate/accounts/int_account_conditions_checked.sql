{%- set newcomers = 'restatements where is_of_presence' -%}
with accounts as (select * from {{ ref('int_accounts_merged') }}),

snapshot_dates as (select * from {{ ref('int_snapshot_dates_listed') }}),

measures as (select * from {{ ref('int_account_snapshots_measured') }}),

rhythms as (select * from {{ ref('int_account_rhythms_measured') }}),

returns as (select * from {{ ref('int_account_returns_found') }}),

restatements as (select * from {{ ref('int_restatements_found') }}),

policy as ({{ policy_values([
    'declining_overdue_ratio', 'declining_days_minimum', 'declining_spend_rate',
    'dormant_overdue_ratio', 'dormant_days_minimum', 'growing_spend_rate',
    'loyal_order_days_count', 'spend_rule_gap_days_maximum',
]) }}),

-- An account is there from the day it was first heard of, by a record or by an order.
present as (

    select
        accounts.account_id,
        accounts.first_seen_date,
        coalesce(measures.order_days_total_count, 0) as order_days_total_count,
        measures.order_days_730d_count,
        measures.net_revenue_180d_amount,
        measures.net_revenue_prior_180d_amount,
        rhythms.days_since_last_order,
        rhythms.typical_gap_days,
        rhythms.overdue_ratio,
        rhythms.churn_limit_days,
        returns.won_back_date,
        snapshot_dates.is_current,
        snapshot_dates.snapshot_date
    from accounts
    cross join snapshot_dates
    {%- for part in ['measures', 'rhythms', 'returns'] %}
        left join {{ part }}
            on
                accounts.account_id = {{ part }}.account_id
                and snapshot_dates.snapshot_date = {{ part }}.snapshot_date
    {%- endfor %}
    where
        accounts.is_latest
        and not accounts.is_internal
        and {{ is_measured_anew('snapshot_dates', 'accounts.account_id', newcomers) }}
        and (
            accounts.first_seen_date <= snapshot_dates.snapshot_date
            or measures.order_days_total_count > 0
        )

),

-- A ratio alone would call a daily buyer dormant after a long weekend, hence the least days;
-- half-years of a yearly buyer say nothing of a trend, hence the longest gap for spend.
final as (

    select
        present.*,
        present.order_days_total_count = 0 as has_never_ordered,
        present.order_days_total_count = 1 as has_ordered_once,
        coalesce(present.order_days_730d_count >= policy.loyal_order_days_count, false)
            as has_many_order_days,
        coalesce(
            present.order_days_total_count = 1
            and present.days_since_last_order > present.typical_gap_days,
            false
        ) as has_not_come_back,
        {%- for name, stage in [('is_overdue', 'declining'), ('is_long_overdue', 'dormant')] %}
            coalesce(
                present.days_since_last_order >= policy.{{ stage }}_days_minimum
                and present.overdue_ratio >= policy.{{ stage }}_overdue_ratio,
                false
            ) as {{ name }},
        {%- endfor %}
        coalesce(present.days_since_last_order > present.churn_limit_days, false)
            as is_silent_past_limit,
        present.won_back_date is not null as has_returned_after_churn,
        coalesce(
            present.typical_gap_days <= policy.spend_rule_gap_days_maximum
            and present.net_revenue_prior_180d_amount > 0
            and present.net_revenue_180d_amount
            <= present.net_revenue_prior_180d_amount * (1 - policy.declining_spend_rate),
            false
        ) as has_spend_fallen,
        coalesce(
            present.typical_gap_days <= policy.spend_rule_gap_days_maximum
            and present.net_revenue_180d_amount > 0
            and present.net_revenue_180d_amount
            >= present.net_revenue_prior_180d_amount * (1 + policy.growing_spend_rate),
            false
        ) as has_spend_risen
    from present
    cross join policy

)

select * from final
