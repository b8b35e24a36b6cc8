{#- Who ordered, and, where churn of contracts is predicted, who is under contract. -#}
{%- set attributes = ['industry', 'size_band', 'region'] -%}
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
{%- set of_contracts = ['contracts_count', 'contract_tenure_days', 'renewal_days_left'] -%}
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

under_contract as (

    select
        contracts.*,
        {%- for attribute in attributes %}
            accounts.{{ attribute }},
        {%- endfor %}
        {{ rate(mrr_change, 'contracts.mrr_before_amount') }} as mrr_trend_rate,
        coalesce(visits.visits_90d_count, 0) as visits_90d_count,
        {{ rate(visits_change, 'visits.visits_prior_90d_count') }} as visits_trend_rate
    from contracts
    left join accounts
        on
            contracts.account_id = accounts.account_id
            and {{ is_account_in_force('accounts', 'contracts.snapshot_date') }}
    left join visits
        on
            contracts.account_id = visits.account_id
            and contracts.snapshot_date = visits.snapshot_date

),

final as (

    select
        {%- for column in ['account_id', 'snapshot_date'] + attributes %}
            coalesce(features.{{ column }}, under_contract.{{ column }}) as {{ column }},
        {%- endfor %}
        case
            when churn_kinds.churn_kind = 'contractual' then under_contract.account_id is not null
            else features.is_eligible
        end as is_eligible,
        known.snapshot_date = {{ as_of_date() }} as is_current,
        {%- for column in counted %}
            coalesce(features.{{ column }}, case when known.has_orders then 0 end) as {{ column }},
        {%- endfor %}
        {%- for column in of_orders %}
            features.{{ column }},
        {%- endfor %}
        {%- for column in of_contracts %}
            under_contract.{{ column }},
        {%- endfor %}
        under_contract.mrr_now_amount as mrr_amount,
        under_contract.mrr_trend_rate,
        case when known.has_visits then under_contract.visits_90d_count end as visits_90d_count,
        under_contract.visits_trend_rate
    from features
    full outer join under_contract
        on
            features.account_id = under_contract.account_id
            and features.snapshot_date = under_contract.snapshot_date
    inner join known
        on coalesce(features.snapshot_date, under_contract.snapshot_date) = known.snapshot_date
    inner join churn_kinds on churn_kinds.is_scored

)

select * from final
