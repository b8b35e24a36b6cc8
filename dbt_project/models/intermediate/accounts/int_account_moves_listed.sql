with states as (select * from {{ ref('int_account_states_dated') }}),

month_ends as (

    select
        snapshot_date as to_date,
        lag(snapshot_date) over (order by snapshot_date) as from_date
    from states
    where is_month_end
    group by snapshot_date

),

steps as (

    select *
    from month_ends
    where from_date is not null

),

-- An account that is there at one of the two month ends only came in or went out.
accounts as (

    select distinct
        states.account_id,
        steps.from_date,
        steps.to_date
    from steps
    inner join states
        on states.snapshot_date in (steps.from_date, steps.to_date)

),

final as (

    select
        accounts.account_id,
        before.account_id is null as is_entry,
        after.account_id is null as is_exit,
        before.stage_code as from_stage_code,
        after.stage_code as to_stage_code,
        before.abc_class as from_abc_class,
        after.abc_class as to_abc_class,
        before.rfm_segment_code as from_rfm_segment_code,
        after.rfm_segment_code as to_rfm_segment_code,
        coalesce(before.net_revenue_365d_amount, 0) as from_amount,
        coalesce(after.net_revenue_365d_amount, 0) as to_amount,
        accounts.from_date,
        accounts.to_date
    from accounts
    left join states as before
        on
            accounts.account_id = before.account_id
            and accounts.from_date = before.snapshot_date
    left join states as after
        on
            accounts.account_id = after.account_id
            and accounts.to_date = after.snapshot_date

)

select * from final
