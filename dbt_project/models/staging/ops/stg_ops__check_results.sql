with ops_check_results as (select * from {{ source('ops', 'check_results') }}),

renamed as (

    select
        gen as check_gen,
        stage as check_stage,
        suite,
        expectation,
        severity,
        column_name,
        is_success,
        failed_count,
        checked_count,
        description_en,
        description_zh
    from ops_check_results

)

select * from renamed
