with tickets as (select * from {{ ref('stg_raw__tickets') }}),

targets as (select * from {{ ref('policy_ticket_targets') }}),


-- A ticket that is said to be open is, whatever solution it had before.
standing as (

    select
        tickets.*,
        coalesce(
            tickets.ticket_status,
            case when tickets.resolved_at is null then 'open' else 'resolved' end
        ) as status,
        targets.priority as target_priority,
        targets.first_reply_hours as first_reply_target_hours,
        targets.resolution_hours as resolution_target_hours,
        {{ end_of_day(as_of_date()) }} as over_at
    from tickets
    left join targets
        on
            tickets.priority = targets.priority
            or (tickets.priority is null and targets.is_default)
    where tickets.is_latest and tickets.opened_date <= {{ as_of_date() }}

),

-- An answer before the question is a mistake, one after the day is not known of yet.
dated as (

    select
        *,
        status in ('open', 'waiting') as is_open,
        case
            when first_response_at >= opened_at and first_response_at < over_at
                then first_response_at
        end as answered_at,
        case
            when
                status not in ('open', 'waiting')
                and resolved_at >= opened_at and resolved_at < over_at
                then resolved_at
        end as solved_at
    from standing

),

-- A solution is an answer too.
final as (

    select
        source,
        ticket_id,
        status,
        target_priority as priority,
        {{ hours_between('opened_at', 'least(answered_at, solved_at)') }} as first_reply_hours,
        {{ hours_between('opened_at', 'solved_at') }} as resolution_hours,
        case when is_open then {{ hours_between('opened_at', 'over_at') }} end as open_hours,
        first_reply_target_hours,
        resolution_target_hours,
        is_open,
        {{ date_in_zone('solved_at') }} as resolved_date
    from dated

)

select * from final
