-- Limits that cross would leave a stage, class or band that nobody can be in.
with policy as ({{ policy_values([
    'declining_overdue_ratio', 'declining_days_minimum', 'dormant_overdue_ratio',
    'dormant_days_minimum', 'churn_gap_multiple', 'churn_days_minimum', 'churn_days_maximum',
    'snapshot_months_count', 'stage_dwell_days', 'clv_discount_rate',
]) }}),

limits as (

    select
        max(case when abc_class = 'A' then share_before_limit end) as a_limit,
        max(case when abc_class = 'B' then share_before_limit end) as b_limit
    from {{ ref('policy_abc_classes') }}

),

bands as (

    select min(probability_from) as lowest_probability
    from {{ ref('policy_churn_bands') }}

),

programmes as (

    select
        bool_and(
            holdout_rate between 0 and 0.9999
            and holdout_rate_a_class between 0 and 0.9999
            and outcome_days > 0
            and case programme_kind
                when 'save' then bands is not null
                else coalesce(churned_days_from between 0 and churned_days_until, false)
            end
        ) as programmes_are_sound
    from {{ ref('policy_save_programmes') }}

),

stages as (

    select
        max(case when stage_code = 'prospect' then precedence end) as prospect,
        max(case when stage_code = 'mature' then precedence end) as mature,
        min(precedence) as lowest_precedence,
        max(precedence) as highest_precedence
    from {{ ref('policy_lifecycle_stages') }}

)

select
    policy.*,
    limits.*,
    bands.*,
    programmes.*,
    stages.*
from policy
cross join limits
cross join bands
cross join programmes
cross join stages
where
    not coalesce(
        policy.declining_overdue_ratio < policy.dormant_overdue_ratio
        and policy.dormant_overdue_ratio < policy.churn_gap_multiple
        and policy.declining_days_minimum <= policy.dormant_days_minimum
        and policy.dormant_days_minimum < policy.churn_days_minimum
        and policy.churn_days_minimum < policy.churn_days_maximum
        and policy.snapshot_months_count between 1 and 120
        and policy.stage_dwell_days between 0 and 28
        and policy.clv_discount_rate between 0 and 1
        and limits.a_limit > 0
        and limits.a_limit < limits.b_limit
        and limits.b_limit < 1
        and bands.lowest_probability = 0
        and coalesce(programmes.programmes_are_sound, true)
        and stages.prospect = stages.lowest_precedence
        and stages.mature = stages.highest_precedence,
        false
    )
