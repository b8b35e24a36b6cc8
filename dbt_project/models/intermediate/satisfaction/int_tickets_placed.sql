with tickets as (select * from {{ ref('stg_raw__tickets') }}),

timed as (select * from {{ ref('int_tickets_timed') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),

final as (

    select
        tickets.source,
        tickets.ticket_id,
        accounts.account_id,
        coalesce(tickets.category, tickets.ticket_kind) as theme,
        coalesce(tickets.ticket_kind = 'complaint', false) as is_complaint,
        timed.is_open,
        timed.first_reply_hours,
        timed.resolution_hours,
        {{ is_in_target('timed.first_reply_hours', 'timed.first_reply_target_hours') }}
            as is_reply_in_target,
        {{ is_in_target('timed.resolution_hours', 'timed.resolution_target_hours') }}
            as is_resolution_in_target,
        tickets.opened_date,
        timed.resolved_date
    from tickets
    inner join timed
        on
            tickets.source = timed.source
            and tickets.ticket_id = timed.ticket_id
    inner join accounts on tickets.account_id = accounts.account_id
    where tickets.is_latest and not accounts.is_internal

)

select * from final
