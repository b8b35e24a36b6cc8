with payments as (select * from {{ ref('stg_raw__payments') }}),

invoices as (select * from {{ ref('fct_invoices') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),


final as (

    select
        payments.source || '|' || payments.payment_id as payment_key,
        payments.source,
        payments.payment_id,
        invoices.invoice_key,
        accounts.account_id,
        case when payments.paid_amount < 0 then 'refund' else 'payment' end as kind,
        payments.payment_method,
        payments.paid_amount,
        case
            when payments.paid_amount >= 0 and invoices.kind = 'invoice'
                then {{ days_between('invoices.due_date', 'payments.paid_date') }}
        end as days_after_due,
        case
            when payments.paid_amount >= 0 and invoices.kind = 'invoice'
                then payments.paid_date > invoices.due_date
        end as is_late,
        invoices.due_date,
        payments.paid_date,
        {{ as_of_date() }} as as_of_date
    from payments
    left join invoices
        on
            payments.source = invoices.source
            and payments.invoice_id = invoices.invoice_id
    left join accounts
        on coalesce(payments.account_id, invoices.account_id) = accounts.account_id
    where payments.is_latest

)

select * from final
