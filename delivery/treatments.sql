-- Fills fct_treatments: whoever is in a programme and stood on a list that was mailed since it was drawn.
insert into {schema}.fct_treatments (
    treatment_key, programme_code, account_id, arm, first_mailed_date, last_mailed_date, mailed_days_count, as_of_date
)
select
    assignments.programme_assignment_key,
    assignments.programme_code,
    assignments.account_id,
    assignments.arm,
    min(mailed.as_of),
    max(mailed.as_of),
    count(*),
    %(as_of)s
from {schema}.fct_programme_assignments as assignments
inner join ops.mailed_before(%(gen)s) as mailed
    on
        assignments.account_id = mailed.account_id
        and assignments.assigned_date <= mailed.as_of
        and mailed.status_code is distinct from 'recovered'
group by
    assignments.programme_assignment_key,
    assignments.programme_code,
    assignments.account_id,
    assignments.arm
