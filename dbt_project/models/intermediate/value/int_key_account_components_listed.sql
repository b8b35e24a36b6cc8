{%- set measures = [
    'net_revenue_365d_amount', 'margin_365d_amount', 'order_days_365d_count', 'mrr_amount',
    'paid_late_rate', 'repeat_rate', 'tenure_days', 'months_with_order_rate', 'nps_rate',
    'csat_rate', 'referrals_count', 'complaints_per_order_day', 'wallet_gap_amount',
    'growth_rate', 'weighted_pipeline_amount', 'white_space_amount', 'willingness_rate',
] -%}
{%- set entities = [
    'complaints', 'contracts', 'costs', 'interactions', 'opportunities', 'order_lines',
    'payments', 'referrals', 'survey_responses',
] -%}
with measures as (select * from {{ ref('int_account_measures_joined') }}),

components as (select * from {{ ref('policy_key_account_components') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),

policy as ({{ policy_values(['peer_group_accounts_minimum']) }}),

-- Size is no part of the group: the best of the small would be as key as the best of the
-- large.
customers as (

    select
        measures.*,
        case
            when
                count(*) over (
                    partition by measures.snapshot_date, accounts.industry
                ) >= policy.peer_group_accounts_minimum
                then accounts.industry
        end as rank_industry
    from measures
    cross join policy
    inner join accounts on measures.account_id = accounts.account_id
    where measures.tenure_days is not null

),

final as (

    select
        customers.account_id,
        components.component_code,
        components.dimension_code,
        components.weight,
        components.is_high_good,
        components.unknown_reason as reason_for_none,
        customers.rank_industry,
        cast(
            case components.component_code
                {%- for measure in measures %}
                    when '{{ measure }}' then customers.{{ measure }}
                {%- endfor %}
            end as {{ type_double() }}
        ) as component_value,
        case components.entity
            {%- for entity in entities %}
                when '{{ entity }}' then customers.has_{{ entity }}
            {%- endfor %}
        end as has_input,
        customers.is_current,
        customers.snapshot_date
    from customers
    cross join components

)

select * from final
