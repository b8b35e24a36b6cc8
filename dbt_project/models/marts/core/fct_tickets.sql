with tickets as (select * from {{ ref('stg_raw__tickets') }}),

timed as (select * from {{ ref('int_tickets_timed') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),


final as (

    select
        tickets.source || '|' || tickets.ticket_id as ticket_key,
        tickets.source,
        tickets.ticket_id,
        accounts.account_id,
        tickets.source || '|' || tickets.contact_id as contact_key,
        tickets.product_id,
        tickets.order_id,
        tickets.account_manager_id,
        tickets.ticket_kind as kind,
        tickets.category,
        timed.priority,
        timed.status,
        tickets.ticket_channel as channel,
        timed.first_reply_hours,
        timed.resolution_hours,
        timed.open_hours,
        timed.first_reply_target_hours,
        timed.resolution_target_hours,
        timed.is_open,
        coalesce(tickets.is_escalated, false) as is_escalated,
        {{ is_in_target('timed.first_reply_hours', 'timed.first_reply_target_hours') }}
            as is_reply_in_target,
        {{ is_in_target('timed.resolution_hours', 'timed.resolution_target_hours') }}
            as is_resolution_in_target,
        tickets.opened_date,
        timed.resolved_date,
        {{ as_of_date() }} as as_of_date
    from tickets
    inner join timed
        on
            tickets.source = timed.source
            and tickets.ticket_id = timed.ticket_id
    left join accounts on tickets.account_id = accounts.account_id
    where tickets.is_latest

)

select * from final
