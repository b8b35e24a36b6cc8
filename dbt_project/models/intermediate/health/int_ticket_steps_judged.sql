with tickets as (select * from {{ ref('stg_raw__tickets') }}),

targets as (select * from {{ ref('policy_ticket_targets') }}),

days as (select * from {{ ref('int_relationship_months_listed') }}),

standing as (

    select
        tickets.source,
        tickets.ticket_id,
        tickets.account_id,
        tickets.opened_at,
        tickets.first_response_at,
        -- a ticket that is said to be open is, whatever solution it had before
        case
            when coalesce(tickets.ticket_status, '') not in ('open', 'waiting')
                then tickets.resolved_at
        end as resolved_at,
        targets.first_reply_hours as reply_target_hours,
        targets.resolution_hours as resolution_target_hours,
        {{ days_between('tickets.opened_date', 'days.snapshot_date') }} as age_days,
        {{ end_of_day('days.snapshot_date') }} as over_at,
        days.snapshot_date
    from tickets
    inner join days
        on
            tickets.opened_date <= days.snapshot_date
            and {{ is_in_force('tickets', 'days.snapshot_date') }}
    left join targets
        on
            tickets.priority = targets.priority
            or (tickets.priority is null and targets.is_default)
    where tickets.account_id is not null

),

-- what is dated after the day had not happened then
dated as (

    select
        *,
        case
            when first_response_at >= opened_at and first_response_at < over_at
                then first_response_at
        end as answered_at,
        case when resolved_at >= opened_at and resolved_at < over_at then resolved_at end
            as resolution_at
    from standing

),

-- a solution is an answer too
replied as (

    select
        *,
        least(answered_at, resolution_at) as reply_at
    from dated

),

final as (

    select
        source,
        ticket_id,
        account_id,
        age_days,
        {%- for step in ['reply', 'resolution'] %}
            case
                when {{ step }}_at is not null
                    then {{ hours_between('opened_at', step ~ '_at') }} <= {{ step }}_target_hours
                when {{ hours_between('opened_at', 'over_at') }} > {{ step }}_target_hours
                    then false
            end as is_{{ step }}_in_target,
        {%- endfor %}
        snapshot_date
    from replied

)

select * from final
