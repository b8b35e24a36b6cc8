{%- set measures = [
    'net_revenue_365d_amount',
    'margin_365d_amount',
    'order_days_365d_count',
    'mrr_amount',
    'paid_late_rate',
    'repeat_rate',
    'tenure_days',
    'months_with_order_rate',
    'nps_rate',
    'csat_rate',
    'referrals_count',
    'complaints_per_order_day',
    'wallet_gap_amount',
    'growth_rate',
    'weighted_pipeline_amount',
    'white_space_amount',
    'willingness_rate',
] -%}
{%- set entities = [
    'complaints',
    'contracts',
    'costs',
    'interactions',
    'opportunities',
    'order_lines',
    'payments',
    'referrals',
    'survey_responses',
] -%}
with measures as (

    select * from {{ ref('int_account_measures_joined') }}

),

components as (

    select * from {{ ref('policy_key_account_components') }}

),

accounts as (

    select * from {{ ref('dim_accounts') }}

),

parameters as (

    select * from {{ ref('policy_parameters') }}

),

policy as (

    select
        {{ pivot_parameters(['peer_group_accounts_minimum']) }}
    from parameters

),

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

listed as (

    select
        customers.account_id,
        components.component_code,
        components.dimension_code,
        components.weight,
        components.is_high_good,
        components.unknown_reason,
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

),

-- Only known values are ranked, each among its peers; more is better once the sign is set.
signed as (

    select
        *,
        case when is_high_good then component_value else -component_value end as signed_value
    from listed
    where component_value is not null

),

ranked as (

    select
        account_id,
        component_code,
        case
            when rank_industry is not null
                then {{ mid_rank_rate(
                    'signed_value',
                    within='snapshot_date, component_code, rank_industry',
                ) }}
            else {{ mid_rank_rate('signed_value', within='snapshot_date, component_code') }}
        end as peer_rate,
        case
            when rank_industry is not null
                then count(*) over (partition by snapshot_date, component_code, rank_industry)
            else count(*) over (partition by snapshot_date, component_code)
        end as peers_count,
        snapshot_date
    from signed

),

final as (

    select
        listed.account_id,
        listed.component_code,
        listed.dimension_code,
        listed.weight,
        listed.component_value,
        cast(ranked.peer_rate as {{ type_double() }}) as peer_rate,
        ranked.peers_count,
        listed.rank_industry,
        case
            when listed.component_value is not null then null
            when not listed.has_input then 'no_source'
            else listed.unknown_reason
        end as unknown_reason,
        listed.is_current,
        listed.snapshot_date
    from listed
    left join ranked
        on
            listed.account_id = ranked.account_id
            and listed.component_code = ranked.component_code
            and listed.snapshot_date = ranked.snapshot_date

)

select * from final
