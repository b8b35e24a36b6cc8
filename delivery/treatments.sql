-- Fills fct_treatments: whoever is in a programme and stood on a list that was mailed since it was drawn, with what
-- account managers answered about it since.
with mailed as (

    select
        assignments.programme_assignment_key,
        assignments.programme_code,
        assignments.account_id,
        assignments.arm,
        assignments.assigned_date,
        min(lists.as_of) as first_mailed_date,
        max(lists.as_of) as last_mailed_date,
        count(*) as mailed_days_count
    from {schema}.fct_programme_assignments as assignments
    inner join ops.mailed_before(%(gen)s) as lists
        on
            assignments.account_id = lists.account_id
            and assignments.assigned_date <= lists.as_of
            and lists.status_code is distinct from 'recovered'
    group by
        assignments.programme_assignment_key,
        assignments.programme_code,
        assignments.account_id,
        assignments.arm,
        assignments.assigned_date

),

answers as (

    select
        mailed.programme_assignment_key,
        outcomes.outcome_code,
        outcomes.is_treatment,
        cast(feedback.told_at at time zone %(timezone)s as date) as told_date,
        row_number() over (
            partition by mailed.programme_assignment_key
            order by feedback.told_at desc, feedback.feedback_id desc
        ) as newest
    from mailed
    inner join ops.feedback_before(%(gen)s) as feedback
        on mailed.account_id = feedback.account_id and mailed.assigned_date <= feedback.as_of
    inner join {schema}.policy_feedback_outcomes as outcomes on feedback.outcome_code = outcomes.outcome_code

),

answered as (

    select
        programme_assignment_key,
        min(told_date) filter (where is_treatment) as first_treated_date,
        max(told_date) filter (where is_treatment) as last_treated_date,
        count(distinct told_date) filter (where is_treatment) as treated_days_count,
        max(outcome_code) filter (where newest = 1) as last_outcome_code,
        max(told_date) filter (where newest = 1) as last_outcome_date
    from answers
    group by programme_assignment_key

)

insert into {schema}.fct_treatments (
    treatment_key, programme_code, account_id, arm, first_mailed_date, last_mailed_date, mailed_days_count,
    first_treated_date, last_treated_date, treated_days_count, last_outcome_code, last_outcome_date, as_of_date
)
select
    mailed.programme_assignment_key,
    mailed.programme_code,
    mailed.account_id,
    mailed.arm,
    mailed.first_mailed_date,
    mailed.last_mailed_date,
    mailed.mailed_days_count,
    answered.first_treated_date,
    answered.last_treated_date,
    coalesce(answered.treated_days_count, 0),
    answered.last_outcome_code,
    answered.last_outcome_date,
    %(as_of)s
from mailed
left join answered on mailed.programme_assignment_key = answered.programme_assignment_key
