with measures as (select * from {{ ref('int_account_measures_joined') }}),

points as (select * from {{ ref('int_account_points_summed') }}),

entities as (select * from {{ ref('stg_raw__entities') }}),

programme as (

    select coalesce(bool_or(has_records), false) as has_points
    from entities
    where entity = 'loyalty_points'

),

current_measures as (

    select
        *,
        nps_answers_count + csat_answers_count > 0 as has_answered,
        greatest(0, net_revenue_365d_amount) as positive_amount
    from measures
    where is_current

),

coverage as (

    select
        cast(
            sum(case when has_answered then positive_amount else 0 end)
            / nullif(sum(positive_amount), 0) as {{ type_double() }}
        ) as answered_revenue_rate
    from current_measures

),

final as (

    select
        measures.account_id,
        measures.tenure_days,
        measures.repeat_rate,
        cast(measures.months_with_order_count as bigint) as months_with_order_count,
        cast(measures.months_observed_count as bigint) as months_observed_count,
        measures.months_with_order_rate,
        case when measures.has_survey_responses then measures.nps_answers_count end
            as nps_answers_count,
        measures.nps_rate,
        case when measures.has_survey_responses then measures.csat_answers_count end
            as csat_answers_count,
        measures.csat_rate,
        case when measures.has_survey_responses then coverage.answered_revenue_rate end
            as answered_revenue_rate,
        cast(measures.referrals_count as bigint) as referrals_count,
        cast(measures.referrals_won_count as bigint) as referrals_won_count,
        measures.complaints_count as complaints_365d_count,
        measures.complaints_per_order_day,
        {{ unknown_reason('measures.tenure_days', 'true', 'not_yet_customer') }}
            as tenure_unknown_reason,
        {{ unknown_reason('measures.repeat_rate', 'measures.has_order_lines', 'no_order_in_year') }}
            as repeat_unknown_reason,
        case
            when measures.months_with_order_rate is not null then null
            when not measures.has_order_lines then 'no_source'
            when measures.first_order_date is null then 'never_ordered'
            else 'too_young'
        end as months_unknown_reason,
        {{ unknown_reason('measures.nps_rate', 'measures.has_survey_responses', 'no_answer') }}
            as nps_unknown_reason,
        {{ unknown_reason('measures.csat_rate', 'measures.has_survey_responses', 'no_answer') }}
            as csat_unknown_reason,
        {{ unknown_reason('measures.referrals_count', 'false', 'no_source') }}
            as referrals_unknown_reason,
        case
            when measures.complaints_per_order_day is not null then null
            when not (measures.has_complaints and measures.has_order_lines) then 'no_source'
            else 'no_order_in_year'
        end as complaints_unknown_reason,
        points.loyalty_tier,
        cast(points.points_balance as numeric(18, 4)) as loyalty_points_balance,
        cast(points.points_earned_365d as numeric(18, 4)) as loyalty_points_earned_365d,
        {{ unknown_reason('points.points_balance', 'programme.has_points', 'not_a_member') }}
            as loyalty_points_unknown_reason,
        {{ as_of_date() }} as as_of_date
    from current_measures as measures
    cross join coverage
    cross join programme
    left join points on measures.account_id = points.account_id

)

select * from final
