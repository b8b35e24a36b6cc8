with listed as (select * from {{ ref('int_key_account_components_listed') }}),

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
            else listed.reason_for_none
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
