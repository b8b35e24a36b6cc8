{#- What its orders and contracts say, and how things stood that day. -#}
{%- set own = [
    'account_id', 'industry', 'size_band', 'region', 'is_eligible', 'is_current',
    'days_since_last_order', 'tenure_days', 'order_days_30d_count',
    'order_days_90d_count', 'order_days_180d_count', 'order_days_365d_count',
    'order_days_total_count', 'net_revenue_30d_amount', 'net_revenue_90d_amount',
    'net_revenue_180d_amount', 'net_revenue_365d_amount', 'average_order_day_amount',
    'median_gap_days', 'gap_spread_rate', 'typical_gap_days', 'overdue_ratio',
    'order_days_trend_rate', 'revenue_trend_rate', 'return_rate_365d',
    'products_365d_count', 'revenue_rank_rate', 'order_days_ahead_last_year_count',
    'contracts_count', 'contract_tenure_days', 'renewal_days_left', 'mrr_amount',
    'mrr_trend_rate', 'visits_90d_count', 'visits_trend_rate',
] -%}
{%- set of_health = [
    'reply_in_target_rate', 'resolution_in_target_rate', 'complaint_rate', 'days_late',
    'overdue_days', 'nps_rate', 'csat_rate', 'contract_days_left', 'notices_count',
] -%}
{%- set of_relationships = [
    'key_index', 'general_index', 'champion_silent_days',
    'opposers_count', 'threads_count', 'response_rate',
] -%}
with features as (select * from {{ ref('int_churn_features_joined') }}),

health as (select * from {{ ref('fct_account_health') }}),

relationships as (select * from {{ ref('fct_account_relationships') }}),

policy as ({{ policy_values(['health_relationship_coverage_minimum']) }}),

final as (

    select
        {%- for column in own %}
            features.{{ column }},
        {%- endfor %}
        {%- for column in of_health %}
            health.{{ column }},
        {%- endfor %}
        cast(
            case
                when relationships.coverage_rate >= policy.health_relationship_coverage_minimum
                    then relationships.relationship_index
            end as numeric(9, 2)
        ) as relationship_index,
        {%- for column in of_relationships %}
            relationships.{{ column }},
        {%- endfor %}
        features.snapshot_date,
        {{ as_of_date() }} as as_of_date
    from features
    cross join policy
    left join health
        on
            features.account_id = health.account_id
            and features.snapshot_date = health.snapshot_date
    left join relationships
        on
            features.account_id = relationships.account_id
            and features.snapshot_date = relationships.snapshot_date

)

select * from final
