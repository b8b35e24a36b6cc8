with records as (

    select * from {{ ref('int_need_records_listed') }}

),

themes as (

    select * from {{ ref('stg_ops__text_themes') }}

),

accounts as (

    select * from {{ ref('dim_accounts') }}

),

tickets as (

    select * from {{ ref('stg_raw__tickets') }}

),

linked as (

    select * from {{ ref('int_text_products_linked') }}

),

products as (

    select * from {{ ref('dim_products') }}

),

-- What a record is filed under counts like what is written in it, and once with it.
told as (

    select
        records.record_kind,
        records.source,
        records.record_id,
        themes.theme_code,
        max(themes.score) as score
    from records
    inner join themes
        on themes.text_digest in (records.text_digest, records.label_digest)
    group by
        records.record_kind,
        records.source,
        records.record_id,
        themes.theme_code

),

final as (

    select
        records.record_kind,
        records.source,
        records.record_id,
        records.account_id,
        told.theme_code,
        told.score,
        coalesce(tickets.product_id, linked.product_id) as product_id,
        coalesce(products.category, linked.category) as category,
        records.outcome,
        records.mentioned_date
    from told
    inner join records
        on
            told.record_kind = records.record_kind
            and told.source = records.source
            and told.record_id = records.record_id
    inner join accounts on records.account_id = accounts.account_id
    left join tickets
        on
            records.source = tickets.source
            and records.ticket_id = tickets.ticket_id
            and tickets.is_latest
    left join linked on records.text_digest = linked.text_digest
    left join products on coalesce(tickets.product_id, linked.product_id) = products.product_id
    where not accounts.is_internal

)

select * from final
