with days as (select * from {{ ref('int_contact_days_listed') }}),

acts as (select * from {{ ref('int_relationship_acts_listed') }}),

policy as ({{ policy_values(['relationship_window_days']) }}),

-- counted apart from the other acts: distinct days must be sorted, and there are fewer of these
final as (

    select
        days.contact_key,
        count(distinct acts.happened_date) as two_way_days_count,
        days.snapshot_date
    from days
    cross join policy
    inner join acts
        on
            days.contact_key = acts.contact_key
            and days.counted_date >= acts.happened_date
            and {{ days_between('acts.happened_date', 'days.counted_date') }}
            < policy.relationship_window_days
            and coalesce(acts.account_id, days.account_id, '')
            = coalesce(days.account_id, acts.account_id, '')
            and {{ is_in_force('acts', 'days.snapshot_date') }}
    where acts.counts_as = 'contact'
    group by
        days.contact_key,
        days.snapshot_date

)

select * from final
