with invoices as (select * from {{ ref('stg_raw__invoices') }}),

payments as (select * from {{ ref('stg_raw__payments') }}),

days as (select * from {{ ref('int_relationship_months_listed') }}),

-- a credit note that names its invoice settles of it what it is worth
settlements as (

    select
        source,
        invoice_id,
        paid_amount as settled_amount,
        paid_date as settled_date,
        known_date,
        superseded_date
    from payments

    union all

    select
        source,
        corrects_invoice_id as invoice_id,
        abs(invoice_amount) as settled_amount,
        invoiced_date as settled_date,
        known_date,
        superseded_date
    from invoices
    where invoice_kind = 'credit_note' and corrects_invoice_id is not null

),

final as (

    select
        settlements.source,
        settlements.invoice_id,
        sum(settlements.settled_amount) as settled_amount,
        max(settlements.settled_date) as last_settled_date,
        days.snapshot_date
    from settlements
    inner join days
        on
            settlements.settled_date <= days.snapshot_date
            and {{ is_in_force('settlements', 'days.snapshot_date') }}
    where settlements.invoice_id is not null
    group by
        settlements.source,
        settlements.invoice_id,
        days.snapshot_date

)

select * from final
