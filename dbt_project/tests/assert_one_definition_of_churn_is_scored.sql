-- One definition is scored, and not the one of contracts: its customers may never order.
with kinds as (select * from {{ ref('policy_churn_kinds') }})

select
    count(case when is_scored then 1 end) as scored_count,
    count(case when is_scored and churn_kind = 'contractual' then 1 end) as contractual_count
from kinds
having
    count(case when is_scored then 1 end) <> 1
    or count(case when is_scored and churn_kind = 'contractual' then 1 end) > 0
