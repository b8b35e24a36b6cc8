with invoices as (select * from {{ ref('stg_raw__invoices') }}),

settlements as (select * from {{ ref('int_invoice_settlements_summed') }}),

days as (select * from {{ ref('int_relationship_months_listed') }}),

policy as ({{ health_policy('window_days', ['days_late']) }}),

due as (

    select
        invoices.account_id,
        invoices.invoice_amount,
        invoices.due_date,
        coalesce(settlements.settled_amount, 0) >= invoices.invoice_amount as is_settled,
        settlements.last_settled_date,
        days.snapshot_date
    from invoices
    inner join days
        on
            invoices.due_date <= days.snapshot_date
            and invoices.invoiced_date <= days.snapshot_date
            and {{ is_in_force('invoices', 'days.snapshot_date') }}
    left join settlements
        on
            invoices.source = settlements.source
            and invoices.invoice_id = settlements.invoice_id
            and days.snapshot_date = settlements.snapshot_date
    where
        coalesce(invoices.invoice_kind, 'invoice') = 'invoice'
        and invoices.invoice_amount > 0
        and invoices.account_id is not null

),

-- what falls due today is neither late nor on time before it is settled
judged as (

    select
        account_id,
        invoice_amount,
        is_settled,
        case
            when is_settled then greatest(0, {{ days_between('due_date', 'last_settled_date') }})
            when due_date < snapshot_date then {{ days_between('due_date', 'snapshot_date') }}
        end as late_days,
        {{ days_between('due_date', 'snapshot_date') }} as age_days,
        snapshot_date
    from due

),

final as (

    select
        judged.account_id,
        cast(round(
            sum(
                case
                    when judged.age_days < policy.days_late_window_days
                        then judged.invoice_amount * judged.late_days
                end
            ) / nullif(sum(
                case
                    when
                        judged.age_days < policy.days_late_window_days
                        and judged.late_days is not null
                        then judged.invoice_amount
                end
            ), 0),
            6
        ) as numeric(18, 6)) as days_late,
        -- an open one counts however old it is
        max(case when judged.is_settled then 0 else judged.late_days end) as overdue_days,
        judged.snapshot_date
    from judged
    cross join policy
    group by
        judged.account_id,
        judged.snapshot_date

)

select * from final
