{%- set measured = [
    'order_days_30d_count', 'order_days_90d_count', 'order_days_180d_count',
    'order_days_365d_count', 'order_days_total_count', 'net_revenue_30d_amount',
    'net_revenue_90d_amount', 'net_revenue_180d_amount', 'net_revenue_365d_amount',
] -%}
{%- set rank = mid_rank_rate('net_revenue_365d_amount', within='snapshot_date, is_eligible') -%}
{%- set rhythm = ['median_gap_days', 'gap_spread_rate', 'typical_gap_days', 'overdue_ratio'] -%}
with measures as (select * from {{ ref('int_account_snapshots_measured') }}),

rhythms as (select * from {{ ref('int_account_rhythms_measured') }}),

accounts as (select * from {{ ref('int_accounts_merged') }}),

snapshot_dates as (select * from {{ ref('int_snapshot_dates_listed') }}),

features as (

    select
        measures.account_id,
        accounts.industry,
        accounts.size_band,
        accounts.region,
        {%- for measure in measured %}
            measures.{{ measure }},
        {%- endfor %}
        coalesce(products.products_365d_count, 0) as products_365d_count,
        rhythms.days_since_last_order,
        {{ days_between('measures.first_order_date', 'measures.snapshot_date') }}
            as tenure_days,
        {%- for measure in rhythm %}
            rhythms.{{ measure }},
        {%- endfor %}
        measures.order_days_total_amount / measures.order_days_total_count
            as average_order_day_amount,
        measures.order_days_180d_count - measures.order_days_90d_count
            as order_days_prior_90d_count,
        measures.net_revenue_180d_amount - measures.net_revenue_90d_amount
            as net_revenue_prior_90d_amount,
        measures.returned_365d_amount / nullif(measures.ordered_365d_amount, 0)
            as return_rate_365d,
        measures.order_days_ahead_last_year_count,
        rhythms.is_eligible,
        measures.snapshot_date
    from measures
    inner join rhythms
        on
            measures.account_id = rhythms.account_id
            and measures.snapshot_date = rhythms.snapshot_date
    inner join accounts
        on
            measures.account_id = accounts.account_id
            and {{ is_account_in_force('accounts', 'measures.snapshot_date') }}
    left join {{ ref('int_account_products_counted') }} as products
        on
            measures.account_id = products.account_id
            and measures.snapshot_date = products.snapshot_date

),

final as (

    select
        account_id,
        industry,
        size_band,
        region,
        is_eligible,
        snapshot_date = {{ as_of_date() }} as is_current,
        days_since_last_order,
        tenure_days,
        {{ measured | join(', ') }},
        cast(average_order_day_amount as numeric(18, 4)) as average_order_day_amount,
        {{ rhythm | join(', ') }},
        cast(
            (order_days_90d_count - order_days_prior_90d_count)
            / cast(greatest(1, order_days_prior_90d_count) as numeric(18, 4))
            as {{ type_double() }}
        ) as order_days_trend_rate,
        cast(
            case
                when net_revenue_prior_90d_amount > 0
                    then
                        (net_revenue_90d_amount - net_revenue_prior_90d_amount)
                        / net_revenue_prior_90d_amount
            end as {{ type_double() }}
        ) as revenue_trend_rate,
        cast(return_rate_365d as {{ type_double() }}) as return_rate_365d,
        case when tenure_days >= 365 then order_days_ahead_last_year_count end
            as order_days_ahead_last_year_count,
        products_365d_count,
        cast(
            case when is_eligible then {{ rank }} end as {{ type_double() }}
        ) as revenue_rank_rate,
        snapshot_date
    from features

)

{{ final_and_carried('snapshot_dates') }}
