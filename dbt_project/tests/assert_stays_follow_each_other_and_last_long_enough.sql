-- Every day from an account's first stay on is in one stay; none is shorter than the policy
-- says, but by an event.
with spells as (select * from {{ ref('fct_account_lifecycle_spells') }}),

policy as ({{ policy_values(['stage_dwell_days']) }}),

compared as (

    select
        *,
        lead(from_date) over (
            partition by account_id
            order by from_date
        ) as next_from_date
    from spells

)

select compared.*
from compared
cross join policy
where
    compared.days_count < 1
    or compared.is_current <> (compared.next_from_date is null)
    or compared.next_from_date <> {{ add_days('compared.to_date', 1) }}
    or (
        compared.to_date is not null
        and compared.days_count < policy.stage_dwell_days
        and compared.is_beginning_known
        and compared.stage_code <> 'prospect'
        and compared.next_stage_code not in ('churned', 'won_back')
    )
