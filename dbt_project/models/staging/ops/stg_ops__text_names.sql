with ops_text_names as (select * from {{ source('ops', 'text_names') }}),

renamed as (

    select
        text_digest,
        name
    from ops_text_names

)

select * from renamed
