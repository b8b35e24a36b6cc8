with segments as (select * from {{ ref('policy_segments') }}),

cells as (select * from {{ ref('int_base_segments_named') }}),

named as (

    select
        segment_code,
        'rule' as kind,
        name_en,
        name_zh,
        industry,
        size_band,
        region,
        contract_mode,
        stage_code,
        abc_class,
        rfm_segment_code,
        revenue_365d_minimum,
        revenue_365d_maximum,
        order_days_365d_minimum,
        order_days_365d_maximum
    from segments
    union all
    select
        segment_code,
        'base' as kind,
        name_en,
        name_zh,
        industry,
        size_band,
        region,
        null as contract_mode,
        null as stage_code,
        null as abc_class,
        rfm_segment_code,
        null as revenue_365d_minimum,
        null as revenue_365d_maximum,
        null as order_days_365d_minimum,
        null as order_days_365d_maximum
    from cells

),

final as (

    select
        segment_code,
        kind,
        name_en,
        name_zh,
        industry,
        size_band,
        region,
        contract_mode,
        stage_code,
        abc_class,
        rfm_segment_code,
        revenue_365d_minimum,
        revenue_365d_maximum,
        order_days_365d_minimum,
        order_days_365d_maximum,
        {{ as_of_date() }} as as_of_date
    from named

)

select * from final
