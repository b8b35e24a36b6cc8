with invoices as (select * from {{ ref('stg_raw__invoices') }}),

payments as (select * from {{ ref('stg_raw__payments') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),

paid as (

    select
        source,
        invoice_id,
        sum(paid_amount) as paid_amount,
        max(paid_date) as last_paid_date
    from payments
    where is_latest
    group by
        source,
        invoice_id

),

settled as (

    select
        invoices.source,
        invoices.invoice_id,
        accounts.account_id,
        coalesce(invoices.invoice_kind, 'invoice') as kind,
        invoices.invoice_amount,
        coalesce(paid.paid_amount, 0) as paid_amount,
        invoices.invoice_amount - coalesce(paid.paid_amount, 0) as open_amount,
        invoices.invoiced_date,
        invoices.due_date,
        paid.last_paid_date
    from invoices
    left join paid
        on
            invoices.source = paid.source
            and invoices.invoice_id = paid.invoice_id
    left join accounts
        on invoices.account_id = accounts.account_id
    where invoices.is_latest

),

final as (

    select
        source || '|' || invoice_id as invoice_key,
        source,
        invoice_id,
        account_id,
        kind,
        invoice_amount,
        paid_amount,
        open_amount,
        case
            when kind = 'credit_note' or due_date is null then null
            when open_amount > 0
                then greatest(0, {{ days_between('due_date', as_of_date()) }})
            else greatest(0, {{ days_between('due_date', 'last_paid_date') }})
        end as days_late,
        coalesce(
            kind = 'invoice' and open_amount > 0 and due_date < {{ as_of_date() }},
            false
        ) as is_overdue,
        invoiced_date,
        due_date,
        last_paid_date,
        {{ as_of_date() }} as as_of_date
    from settled

)

select * from final
