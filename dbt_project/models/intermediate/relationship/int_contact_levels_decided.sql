with earned as (select * from {{ ref('int_contact_levels_earned') }}),

days as (select * from {{ ref('int_relationship_days_compared') }}),

policy as ({{ policy_values(['relationship_over_claim_levels']) }}),

timed as (

    select
        *,
        {{ days_between('last_two_way_date', 'counted_date') }} as silent_days,
        -- the cadence ends with its last day: on the day after it, one is missed in full
        coalesce(
            ({{ days_between('last_two_way_date', 'counted_date') }} - 1) / cadence_days, 0
        ) as missed_cadences_count
    from earned

),

-- Silence takes away what was won, down to being in contact; it turns nobody against us.
computed as (

    select
        *,
        case
            when earned_level > 1 then greatest(1, earned_level - missed_cadences_count)
            else earned_level
        end as computed_level
    from timed

),

final as (

    select
        computed.contact_key,
        computed.account_id,
        computed.role_code,
        computed.decision_chain,
        computed.chain_weight,
        computed.earned_level,
        computed.computed_level,
        computed.claimed_level,
        case
            when computed.computed_level is not null
                then least(computed.computed_level, computed.claimed_level)
        end as published_level,
        computed.missed_cadences_count,
        computed.cadence_days,
        computed.silent_days,
        case
            when computed.computed_level is not null
                then computed.computed_level = 5 and computed.is_informing
        end as is_coach,
        computed.claimed_level - computed.computed_level
        >= policy.relationship_over_claim_levels as is_over_claimed,
        computed.is_current,
        computed.has_left,
        -- who was never heard is overdue from the first day
        case
            when not computed.has_left and computed.has_interactions
                then coalesce(computed.silent_days > computed.cadence_days, true)
        end as is_overdue,
        computed.last_two_way_date,
        computed.left_date,
        computed.counted_date,
        computed.snapshot_date
    from computed
    cross join policy

)

{{ final_and_carried('days') }}
