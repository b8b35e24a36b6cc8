with records as (select * from {{ ref('int_need_records_listed') }}),

themes as (select * from {{ ref('stg_ops__text_themes') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),

tickets as (select * from {{ ref('stg_raw__tickets') }}),

linked as (select * from {{ ref('int_text_products_linked') }}),

products as (select * from {{ ref('dim_products') }}),

-- What a record is filed under counts like what is written in it, and once with it.
worded as (

    select
        *,
        text_digest as digest
    from records

    union all

    select
        *,
        label_digest as digest
    from records

),

told as (

    select distinct
        worded.record_kind,
        worded.source,
        worded.record_id,
        worded.ticket_id,
        worded.account_id,
        worded.text_digest,
        worded.outcome,
        themes.theme_code,
        worded.mentioned_date
    from worded
    inner join themes on worded.digest = themes.text_digest

),

final as (

    select
        told.record_kind,
        told.source,
        told.record_id,
        told.account_id,
        told.theme_code,
        coalesce(tickets.product_id, linked.product_id) as product_id,
        coalesce(products.category, linked.category) as category,
        told.outcome,
        told.mentioned_date
    from told
    inner join accounts on told.account_id = accounts.account_id
    left join tickets
        on
            told.source = tickets.source
            and told.ticket_id = tickets.ticket_id
            and tickets.is_latest
    left join linked on told.text_digest = linked.text_digest
    left join products on coalesce(tickets.product_id, linked.product_id) = products.product_id
    where not accounts.is_internal

)

select * from final
