-- Each account that is not our own is in exactly one stage on as_of_date.
with accounts as (

    select * from {{ ref('dim_accounts') }}

),

stages as (

    select * from {{ ref('fct_account_lifecycle_months') }}

)

select
    accounts.account_id,
    count(stages.account_id) as stages_count
from accounts
left join stages
    on accounts.account_id = stages.account_id and stages.is_current
where not accounts.is_internal
group by accounts.account_id
having count(stages.account_id) <> 1
