with scores as (select * from {{ ref('int_account_rfm_scored') }}),

rfm_segment_names as (select * from {{ ref('policy_rfm_segment_names') }}),

rfm_naming8 as (select * from {{ ref('policy_rfm_naming8') }}),

policy as ({{ policy_values(['naming8_high_score']) }}),

final as (

    select
        scores.account_id,
        cast(
            100 * scores.recency_score
            + 10 * scores.frequency_score
            + scores.monetary_score as {{ type_text() }}
        ) as rfm_code,
        scores.segment_code,
        rfm_segment_names.name_en as segment_name_en,
        rfm_segment_names.name_zh as segment_name_zh,
        rfm_naming8.naming8_code,
        rfm_naming8.name_en as naming8_name_en,
        rfm_naming8.name_zh as naming8_name_zh,
        scores.recency_days,
        scores.frequency_365d_count,
        scores.net_revenue_365d_amount,
        scores.recency_score,
        scores.frequency_score,
        scores.monetary_score,
        {{ as_of_date() }} as as_of_date
    from scores
    cross join policy
    left join rfm_segment_names
        on scores.segment_code = rfm_segment_names.segment_code
    left join rfm_naming8
        on
            (scores.recency_score >= policy.naming8_high_score)
            = rfm_naming8.recency_high
            and (scores.frequency_score >= policy.naming8_high_score)
            = rfm_naming8.frequency_high
            and (scores.monetary_score >= policy.naming8_high_score)
            = rfm_naming8.monetary_high
    where scores.snapshot_date = {{ as_of_date() }}

)

select * from final
