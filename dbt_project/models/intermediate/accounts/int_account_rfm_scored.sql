with measures as (select * from {{ ref('int_account_snapshots_measured') }}),

rfm_segments as (select * from {{ ref('policy_rfm_segments') }}),

snapshot_dates as (select * from {{ ref('int_snapshot_dates_listed') }}),

measured as (

    select
        account_id,
        {{ days_between('last_order_date', 'snapshot_date') }} as recency_days,
        order_days_365d_count as frequency_365d_count,
        net_revenue_365d_amount,
        snapshot_date
    from measures
    where order_days_total_count > 0

),

ranked as (

    select
        measured.*,
        {{ mid_rank_rate('recency_days', 'desc', within='snapshot_date') }}
            as recency_rate,
        {{ mid_rank_rate('frequency_365d_count', within='snapshot_date') }}
            as frequency_rate,
        {{ mid_rank_rate('net_revenue_365d_amount', within='snapshot_date') }}
            as monetary_rate
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
        cast(least(5, 1 + floor(5 * monetary_rate)) as int) as monetary_score,
        snapshot_date
    from ranked

),

final as (

    select
        scored.account_id,
        rfm_segments.segment_code,
        scored.recency_days,
        scored.frequency_365d_count,
        scored.net_revenue_365d_amount,
        scored.recency_score,
        scored.frequency_score,
        scored.monetary_score,
        scored.snapshot_date
    from scored
    left join rfm_segments
        on
            scored.recency_score = rfm_segments.recency_score
            and scored.frequency_score = rfm_segments.frequency_score
            and scored.monetary_score = rfm_segments.monetary_score

)

{{ final_and_carried('snapshot_dates') }}
