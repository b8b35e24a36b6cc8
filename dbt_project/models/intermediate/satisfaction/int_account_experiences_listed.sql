with tickets as (select * from {{ ref('int_tickets_placed') }}),

orders as (select * from {{ ref('stg_raw__orders') }}),

invoices as (select * from {{ ref('int_invoices_corrected') }}),

standing_orders as (

    select
        *,
        case when delivered_date <= {{ as_of_date() }} then delivered_date end
            as arrived_date
    from orders
    where
        is_latest
        and order_date <= {{ as_of_date() }}
        and coalesce(order_status, 'open') <> 'cancelled'

),

-- kind, how long it took in its own unit, whether a promise was kept, the day it was felt
final as (

    select
        source || '|reply|' || ticket_id as experience_key,
        'reply' as experience_kind,
        account_id,
        first_reply_hours as waited,
        is_reply_in_target as is_kept,
        opened_date as felt_date
    from tickets

    union all

    select
        source || '|delivery|' || order_id as experience_key,
        'delivery' as experience_kind,
        account_id,
        cast({{ days_between('order_date', 'arrived_date') }} as numeric(18, 4)) as waited,
        cast(null as boolean) as is_kept,
        arrived_date as felt_date
    from standing_orders
    where arrived_date >= order_date

    union all

    -- what is said to be done without a day may have been in time
    select
        source || '|promise|' || order_id as experience_key,
        'promise' as experience_kind,
        account_id,
        case
            when arrived_date is not null then cast(
                greatest(0, {{ days_between('expected_date', 'arrived_date') }})
                as numeric(18, 4)
            )
        end as waited,
        case
            when arrived_date is not null then arrived_date <= expected_date
            when coalesce(order_status, 'open') = 'open' and expected_date < {{ as_of_date() }}
                then false
        end as is_kept,
        expected_date as felt_date
    from standing_orders
    where expected_date <= {{ as_of_date() }}

    union all

    select
        source || '|invoice|' || invoice_id as experience_key,
        'invoice' as experience_kind,
        account_id,
        cast({{ days_between('invoiced_date', 'corrected_date') }} as numeric(18, 4)) as waited,
        corrected_date is null as is_kept,
        invoiced_date as felt_date
    from invoices

)

select * from final
