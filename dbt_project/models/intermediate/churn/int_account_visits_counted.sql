with visits as (select * from {{ ref('stg_raw__web_visits') }}),

contracts as (select * from {{ ref('stg_raw__contracts') }}),

churn_kinds as (select * from {{ ref('int_churn_kinds_chosen') }}),

days as (select * from {{ ref('int_snapshot_dates_listed') }}),

-- who used a product under a contract is the customer of that contract
attributed as (

    select
        coalesce(visits.account_id, contracts.account_id) as account_id,
        visits.visited_date,
        days.snapshot_date
    from visits
    inner join churn_kinds on churn_kinds.churn_kind = 'contractual' and churn_kinds.is_scored
    inner join days
        on
            visits.visited_date <= days.snapshot_date
            and {{ is_in_force('visits', 'days.snapshot_date') }}
    left join contracts
        on
            visits.source = contracts.source
            and visits.contract_id = contracts.contract_id
            and {{ is_in_force('contracts', 'days.snapshot_date') }}

),

final as (

    select
        account_id,
        count(case
            when visited_date > {{ add_days('snapshot_date', -90) }} then 1
        end) as visits_90d_count,
        count(case
            when
                visited_date > {{ add_days('snapshot_date', -180) }}
                and visited_date <= {{ add_days('snapshot_date', -90) }}
                then 1
        end) as visits_prior_90d_count,
        snapshot_date
    from attributed
    where account_id is not null
    group by
        account_id,
        snapshot_date

)

select * from final
