with invoices as (

    select * from {{ ref('stg_raw__invoices') }}

),

sent as (

    select
        source,
        invoice_id,
        account_id,
        order_id,
        coalesce(invoice_kind, 'invoice') as kind,
        invoiced_date
    from invoices
    where is_latest and invoiced_date <= {{ as_of_date() }}

),

-- A credit note corrects the newest invoice of its order that was there before it.
matched as (

    select
        credits.source,
        credits.invoice_id as credit_id,
        credits.invoiced_date as corrected_date,
        sent.invoice_id,
        rank() over (
            partition by credits.source, credits.invoice_id
            order by sent.invoiced_date desc, sent.invoice_id desc
        ) as newness
    from sent as credits
    inner join sent
        on
            credits.source = sent.source
            and credits.order_id = sent.order_id
            and credits.invoiced_date >= sent.invoiced_date
    where credits.kind = 'credit_note' and sent.kind = 'invoice'

),

firsts as (

    select
        source,
        invoice_id,
        min(corrected_date) as corrected_date
    from matched
    where newness = 1
    group by
        source,
        invoice_id

),

final as (

    select
        sent.source,
        sent.invoice_id,
        sent.account_id,
        firsts.corrected_date,
        sent.invoiced_date
    from sent
    left join firsts
        on
            sent.source = firsts.source
            and sent.invoice_id = firsts.invoice_id
    where sent.kind = 'invoice'

)

select * from final
