with measures as (

    select * from {{ ref('int_account_snapshots_measured') }}

),

parameters as (

    select * from {{ ref('policy_parameters') }}

),

rfm_segments as (

    select * from {{ ref('policy_rfm_segments') }}

),

rfm_segment_names as (

    select * from {{ ref('policy_rfm_segment_names') }}

),

rfm_naming8 as (

    select * from {{ ref('policy_rfm_naming8') }}

),

policy as (

    select
        {{ pivot_parameters(['naming8_high_score']) }}
    from parameters

),

measured as (

    select
        account_id,
        {{ days_between('last_order_date', 'snapshot_date') }} as recency_days,
        order_days_365d_count as frequency_365d_count,
        net_revenue_365d_amount
    from measures
    where
        snapshot_date = {{ as_of_date() }}
        and order_days_total_count > 0

),

ranked as (

    select
        measured.*,
        {{ mid_rank_rate('recency_days', 'desc') }} as recency_rate,
        {{ mid_rank_rate('frequency_365d_count') }} as frequency_rate,
        {{ mid_rank_rate('net_revenue_365d_amount') }} as monetary_rate
    from measured

),

scored as (

    select
        account_id,
        recency_days,
        frequency_365d_count,
        net_revenue_365d_amount,
        cast(least(5, 1 + floor(5 * recency_rate)) as int) as recency_score,
        cast(least(5, 1 + floor(5 * frequency_rate)) as int) as frequency_score,
        cast(least(5, 1 + floor(5 * monetary_rate)) as int) as monetary_score
    from ranked

),

final as (

    select
        scored.account_id,
        cast(
            100 * scored.recency_score
            + 10 * scored.frequency_score
            + scored.monetary_score as {{ type_text() }}
        ) as rfm_code,
        rfm_segments.segment_code,
        rfm_segment_names.name_en as segment_name_en,
        rfm_segment_names.name_zh as segment_name_zh,
        rfm_naming8.naming8_code,
        rfm_naming8.name_en as naming8_name_en,
        rfm_naming8.name_zh as naming8_name_zh,
        scored.recency_days,
        scored.frequency_365d_count,
        scored.net_revenue_365d_amount,
        scored.recency_score,
        scored.frequency_score,
        scored.monetary_score,
        {{ as_of_date() }} as as_of_date
    from scored
    cross join policy
    left join rfm_segments
        on
            scored.recency_score = rfm_segments.recency_score
            and scored.frequency_score = rfm_segments.frequency_score
            and scored.monetary_score = rfm_segments.monetary_score
    left join rfm_segment_names
        on rfm_segments.segment_code = rfm_segment_names.segment_code
    left join rfm_naming8
        on
            (scored.recency_score >= policy.naming8_high_score)
            = rfm_naming8.recency_high
            and (scored.frequency_score >= policy.naming8_high_score)
            = rfm_naming8.frequency_high
            and (scored.monetary_score >= policy.naming8_high_score)
            = rfm_naming8.monetary_high

)

select * from final
