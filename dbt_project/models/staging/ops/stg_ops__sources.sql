with ops_sources as (select * from {{ source('ops', 'sources') }}),

renamed as (

    select
        source,
        kind as source_kind,
        rank as source_rank,
        holds_mails
    from ops_sources

)

select * from renamed
