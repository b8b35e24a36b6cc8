-- Limits that cross would leave a stage, class or band that nobody can be in.
with parameters as (

    select * from {{ ref('policy_parameters') }}

),

policy as (

    select
        {{ pivot_parameters([
            'declining_overdue_ratio',
            'declining_days_minimum',
            'dormant_overdue_ratio',
            'dormant_days_minimum',
            'churn_gap_multiple',
            'churn_days_minimum',
            'churn_days_maximum',
            'snapshot_months_count',
        ]) }}
    from parameters

),

limits as (

    select
        max(case when abc_class = 'A' then share_before_limit end) as a_limit,
        max(case when abc_class = 'B' then share_before_limit end) as b_limit
    from {{ ref('policy_abc_classes') }}

),

bands as (

    select min(probability_from) as lowest_probability
    from {{ ref('policy_churn_bands') }}

)

select
    policy.*,
    limits.*,
    bands.*
from policy
cross join limits
cross join bands
where
    not coalesce(
        policy.declining_overdue_ratio < policy.dormant_overdue_ratio
        and policy.dormant_overdue_ratio < policy.churn_gap_multiple
        and policy.declining_days_minimum <= policy.dormant_days_minimum
        and policy.dormant_days_minimum < policy.churn_days_minimum
        and policy.churn_days_minimum < policy.churn_days_maximum
        and policy.snapshot_months_count between 1 and 120
        and limits.a_limit > 0
        and limits.a_limit < limits.b_limit
        and limits.b_limit < 1
        and bands.lowest_probability = 0,
        false
    )
