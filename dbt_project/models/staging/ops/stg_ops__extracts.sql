with ops_extracts as (select * from {{ source('ops', 'extracts') }}),

renamed as (

    select
        gen as extract_gen,
        attempt as extract_attempt,
        source,
        entity,
        state as extract_state,
        extracted_count,
        quarantined_count,
        as_of as extracted_date
    from ops_extracts

)

select * from renamed
