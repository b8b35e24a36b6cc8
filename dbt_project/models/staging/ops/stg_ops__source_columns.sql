with ops_source_columns as (select * from {{ source('ops', 'source_columns') }}),

renamed as (

    select
        source,
        dataset,
        name as column_name,
        is_news,
        as_of as first_seen_date
    from ops_source_columns

)

select * from renamed
