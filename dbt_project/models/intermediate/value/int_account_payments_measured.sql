with invoices as (select * from {{ ref('stg_raw__invoices') }}),

payments as (select * from {{ ref('stg_raw__payments') }}),

days as (select * from {{ ref('int_value_days_listed') }}),

paid as (

    select
        payments.source,
        payments.invoice_id,
        sum(payments.paid_amount) as paid_amount,
        max(payments.paid_date) as last_paid_date,
        days.snapshot_date
    from payments
    inner join days
        on
            payments.paid_date <= days.snapshot_date
            and {{ is_in_force('payments', 'days.snapshot_date') }}
    group by
        payments.source,
        payments.invoice_id,
        days.snapshot_date

),

settled as (

    select
        invoices.account_id,
        invoices.invoice_amount,
        invoices.invoiced_date,
        invoices.due_date,
        paid.last_paid_date,
        coalesce(paid.paid_amount, 0) >= invoices.invoice_amount as is_paid,
        days.snapshot_date
    from invoices
    inner join days on {{ is_in_force('invoices', 'days.snapshot_date') }}
    left join paid
        on
            invoices.source = paid.source
            and invoices.invoice_id = paid.invoice_id
            and days.snapshot_date = paid.snapshot_date
    where
        coalesce(invoices.invoice_kind, 'invoice') = 'invoice'
        and invoices.invoiced_date <= days.snapshot_date

),

-- What falls due today is neither late nor on time before it is paid.
judged as (

    select
        *,
        case
            when
                due_date <= snapshot_date
                and due_date > {{ add_days('snapshot_date', -365) }}
                and (is_paid or due_date < snapshot_date)
                then invoice_amount
        end as due_amount,
        case when is_paid then last_paid_date > due_date else due_date < snapshot_date end
            as is_late
    from settled

),

final as (

    select
        account_id,
        avg(
            case
                when is_paid and last_paid_date > {{ add_days('snapshot_date', -365) }}
                    then cast(
                        {{ days_between('invoiced_date', 'last_paid_date') }}
                        as {{ type_double() }}
                    )
            end
        ) as payment_days,
        cast(
            sum(case when is_late then due_amount when due_amount is not null then 0 end)
            / nullif(sum(due_amount), 0) as {{ type_double() }}
        ) as paid_late_rate,
        snapshot_date
    from judged
    where account_id is not null
    group by
        account_id,
        snapshot_date

)

select * from final
