with invoices as (select * from {{ ref('stg_raw__invoices') }}),

sent as (

    select
        source,
        invoice_id,
        account_id,
        order_id,
        corrects_invoice_id,
        coalesce(invoice_kind, 'invoice') = 'credit_note' as is_credit_note,
        invoiced_date
    from invoices
    where is_latest and invoiced_date <= {{ as_of_date() }}

),

-- what says itself which invoice it corrects
named as (

    select
        sent.source,
        sent.corrects_invoice_id as invoice_id,
        sent.invoiced_date as corrected_date
    from sent
    where sent.corrects_invoice_id is not null

),

-- a credit note that does not say so corrects the newest invoice of its order
matched as (

    select
        notes.source,
        notes.invoiced_date as corrected_date,
        sent.invoice_id,
        rank() over (
            partition by notes.source, notes.invoice_id
            order by sent.invoiced_date desc, sent.invoice_id desc
        ) as newness
    from sent as notes
    inner join sent
        on
            notes.source = sent.source
            and notes.order_id = sent.order_id
            and notes.invoiced_date >= sent.invoiced_date
    where
        notes.is_credit_note
        and notes.corrects_invoice_id is null
        and not sent.is_credit_note

),

corrections as (

    select * from named
    union all
    select
        source,
        invoice_id,
        corrected_date
    from matched
    where newness = 1

),

final as (

    select
        sent.source,
        sent.invoice_id,
        sent.account_id,
        min(corrections.corrected_date) as corrected_date,
        sent.invoiced_date
    from sent
    left join corrections
        on
            sent.source = corrections.source
            and sent.invoice_id = corrections.invoice_id
            and sent.invoiced_date <= corrections.corrected_date
    where not sent.is_credit_note
    group by
        sent.source,
        sent.invoice_id,
        sent.account_id,
        sent.invoiced_date

)

select * from final
