with account_rhythms as (select * from {{ ref('int_account_rhythms_measured') }}),

category_rhythms as (select * from {{ ref('int_category_rhythms_measured') }}),

days as (select * from {{ ref('int_churn_days_listed') }}),

buyers_changed as (select * from {{ ref('int_buyers_changed') }}),

-- Whoever had bought by the day, as a whole and by what it had bought of.
rhythms as (

    select
        account_id,
        '' as category,
        days_since_last_order,
        typical_gap_days,
        snapshot_date
    from account_rhythms

    union all

    select
        category_rhythms.account_id,
        category_rhythms.category,
        null as days_since_last_order,
        category_rhythms.typical_gap_days,
        days.snapshot_date
    from category_rhythms
    inner join days on category_rhythms.month_date = days.month_date

),

final as (

    select
        rhythms.account_id,
        rhythms.category,
        rhythms.days_since_last_order,
        rhythms.typical_gap_days,
        days.opens_after_date,
        days.closes_on,
        days.snapshot_date
    from rhythms
    inner join days on rhythms.snapshot_date = days.snapshot_date
    where {{ is_measured_anew('days', 'rhythms.account_id', 'buyers_changed') }}

)

select * from final
