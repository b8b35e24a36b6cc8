with sources as (select * from {{ ref('stg_ops__sources') }}),

extracts as (select * from {{ ref('stg_ops__extracts') }}),

deliveries as (

    select
        source,
        max(extracted_date) as delivered_through_date
    from extracts
    where
        extract_state = 'loaded'
        and extracted_date <= {{ as_of_date() }}
    group by source

),

final as (

    select
        sources.source,
        sources.source_kind,
        sources.source_rank,
        deliveries.delivered_through_date,
        cast(
            {{ days_between('deliveries.delivered_through_date', as_of_date()) }} as int
        ) as stale_days,
        coalesce(deliveries.delivered_through_date < {{ as_of_date() }}, true) as is_stale,
        sources.holds_mails,
        {{ as_of_date() }} as as_of_date
    from sources
    left join deliveries
        on sources.source = deliveries.source

)

select * from final
