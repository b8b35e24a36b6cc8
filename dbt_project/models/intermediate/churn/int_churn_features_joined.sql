{#- Who ordered, and, where churn of contracts is predicted, who is under contract. -#}
{%- set counted = [
    'order_days_30d_count', 'order_days_90d_count', 'order_days_180d_count',
    'order_days_365d_count', 'order_days_total_count', 'net_revenue_30d_amount',
    'net_revenue_90d_amount', 'net_revenue_180d_amount', 'net_revenue_365d_amount',
    'order_days_trend_rate', 'products_365d_count',
] -%}
{%- set of_orders = [
    'days_since_last_order', 'tenure_days', 'average_order_day_amount', 'median_gap_days',
    'gap_spread_rate', 'typical_gap_days', 'overdue_ratio', 'revenue_trend_rate',
    'return_rate_365d', 'revenue_rank_rate', 'order_days_ahead_last_year_count',
] -%}
{%- set of_contracts = [
    'contracts_count', 'contract_tenure_days', 'renewal_days_left', 'mrr_amount', 'mrr_trend_rate',
] -%}
{%- set mrr_change = 'contracts.mrr_now_amount - contracts.mrr_before_amount' -%}
{%- set visits_change = 'visits.visits_90d_count - visits.visits_prior_90d_count' -%}
with features as (select * from {{ ref('int_churn_features_measured') }}),

contracts as (select * from {{ ref('int_account_contracts_measured') }}),

visits as (select * from {{ ref('int_account_visits_counted') }}),

accounts as (select * from {{ ref('int_accounts_merged') }}),

churn_kinds as (select * from {{ ref('int_churn_kinds_chosen') }}),

-- On a day by which nobody had ordered, or visited, nobody knows whether anybody could.
known as (

    select
        snapshot_date,
        snapshot_date in (select snapshot_date from features) as has_orders,
        snapshot_date in (select snapshot_date from visits) as has_visits
    from {{ ref('int_snapshot_dates_listed') }}

),

joined as (

    select
        coalesce(features.account_id, contracts.account_id) as account_id,
        {%- for column in counted + of_orders %}
            features.{{ column }},
        {%- endfor %}
        case
            when churn_kinds.churn_kind = 'contractual' then contracts.account_id is not null
            else features.is_eligible
        end as is_eligible,
        contracts.contracts_count,
        contracts.contract_tenure_days,
        contracts.renewal_days_left,
        contracts.mrr_now_amount as mrr_amount,
        {{ rate(mrr_change, 'contracts.mrr_before_amount') }} as mrr_trend_rate,
        coalesce(features.snapshot_date, contracts.snapshot_date) as snapshot_date
    from features
    full outer join contracts
        on
            features.account_id = contracts.account_id
            and features.snapshot_date = contracts.snapshot_date
    inner join churn_kinds on churn_kinds.is_scored

),

final as (

    select
        joined.account_id,
        accounts.industry,
        accounts.size_band,
        accounts.region,
        joined.is_eligible,
        joined.snapshot_date = {{ as_of_date() }} as is_current,
        {%- for column in counted %}
            coalesce(joined.{{ column }}, case when known.has_orders then 0 end) as {{ column }},
        {%- endfor %}
        {%- for column in of_orders + of_contracts %}
            joined.{{ column }},
        {%- endfor %}
        case
            when known.has_visits and joined.contracts_count > 0
                then coalesce(visits.visits_90d_count, 0)
        end as visits_90d_count,
        case
            when joined.contracts_count > 0
                then {{ rate(visits_change, 'visits.visits_prior_90d_count') }}
        end as visits_trend_rate,
        joined.snapshot_date
    from joined
    inner join known on joined.snapshot_date = known.snapshot_date
    left join accounts
        on
            joined.account_id = accounts.account_id
            and {{ is_account_in_force('accounts', 'joined.snapshot_date') }}
    left join visits
        on joined.account_id = visits.account_id and joined.snapshot_date = visits.snapshot_date

)

select * from final
