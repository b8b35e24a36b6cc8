with assignments as (select * from {{ ref('stg_ops__programme_assignments') }}),

programmes as (select * from {{ ref('policy_save_programmes') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),

account_days as (select * from {{ ref('int_account_days_known') }}),

order_days as (

    select
        account_id,
        order_date
    from account_days
    where is_latest and is_order_day

),

-- Who could not be left out is no part of the comparison; who was merged into another is no
-- account any more.
drawn as (

    select
        assignments.programme_code,
        programmes.programme_kind,
        programmes.name_en as programme_name,
        assignments.account_id,
        assignments.holdout_rate,
        assignments.is_treated,
        assignments.assigned_date,
        {{ add_days('assignments.assigned_date', '-programmes.outcome_days') }} as since_date,
        {{ add_days('assignments.assigned_date', 'programmes.outcome_days') }} as until_date,
        {{ add_days('assignments.assigned_date', '2 * programmes.outcome_days') }}
            as later_until_date
    from assignments
    inner join programmes on assignments.programme_code = programmes.programme_code
    inner join accounts on assignments.account_id = accounts.account_id
    where assignments.holdout_rate > 0 and not accounts.is_internal

),

-- The day of being drawn is the last day before.
final as (

    select
        drawn.programme_code,
        drawn.programme_kind,
        drawn.programme_name,
        drawn.account_id,
        drawn.holdout_rate,
        drawn.is_treated,
        {%- for name, (after, until) in {
            'before': ['since_date', 'assigned_date'],
            'after': ['assigned_date', 'until_date'],
            'later': ['until_date', 'later_until_date'],
        }.items() %}
            coalesce(max(case
                when
                    order_days.order_date > drawn.{{ after }}
                    and order_days.order_date <= drawn.{{ until }}
                    then 1
            end), 0) as ordered_{{ name }},
        {%- endfor %}
        drawn.assigned_date,
        drawn.until_date,
        drawn.later_until_date
    from drawn
    left join order_days
        on
            drawn.account_id = order_days.account_id
            and drawn.since_date < order_days.order_date
            and drawn.later_until_date >= order_days.order_date
    group by
        drawn.programme_code,
        drawn.programme_kind,
        drawn.programme_name,
        drawn.account_id,
        drawn.holdout_rate,
        drawn.is_treated,
        drawn.assigned_date,
        drawn.until_date,
        drawn.later_until_date

)

select * from final
