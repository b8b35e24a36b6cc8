-- One definition is scored: the company's own choice, else the one that the policy marks.
with kinds as (select * from {{ ref('int_churn_kinds_chosen') }})

select count(case when is_scored then 1 end) as scored_count
from kinds
having count(case when is_scored then 1 end) <> 1
