with stages as (select * from {{ ref('int_account_stages_kept') }}),

abc as (select * from {{ ref('int_account_abc_stages_classed') }}),

rfm as (select * from {{ ref('int_account_rfm_scored') }}),

history as (select * from {{ ref('dim_account_history') }}),

-- A year's figures of who never ordered are zero; how long ago an order was is not known.
final as (

    select
        stages.account_id,
        history.industry,
        history.size_band,
        history.region,
        history.contract_mode,
        stages.stage_code,
        abc.abc_class,
        rfm.segment_code as rfm_segment_code,
        abc.net_revenue_365d_amount,
        coalesce(rfm.frequency_365d_count, 0) as order_days_365d_count,
        stages.days_since_last_order,
        stages.is_current,
        stages.snapshot_date = {{ month_end('stages.snapshot_date') }} as is_month_end,
        stages.snapshot_date
    from stages
    inner join abc
        on
            stages.account_id = abc.account_id
            and stages.snapshot_date = abc.snapshot_date
    left join rfm
        on
            stages.account_id = rfm.account_id
            and stages.snapshot_date = rfm.snapshot_date
    left join history
        on
            stages.account_id = history.account_id
            and stages.snapshot_date >= history.valid_from_date
            and (
                history.valid_to_date is null
                or stages.snapshot_date <= history.valid_to_date
            )

)

select * from final
