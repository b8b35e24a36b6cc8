with metrics as (select * from {{ ref('policy_metrics') }}),

final as (

    select
        metric_code,
        name_en,
        name_zh,
        formula_en,
        formula_zh,
        owner,
        unit,
        direction,
        target_value,
        mart,
        is_by_region,
        position,
        {{ as_of_date() }} as as_of_date
    from metrics

)

select * from final
