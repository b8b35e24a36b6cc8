with days as (select * from {{ ref('int_contact_days_listed') }}),

acts as (select * from {{ ref('int_relationship_acts_listed') }}),

policy as ({{ policy_values(['relationship_window_days']) }}),

-- what a person said at another customer says nothing of this one
spoken as (

    select
        days.contact_key,
        acts.happened_date,
        days.counted_date,
        days.snapshot_date
    from days
    inner join acts
        on
            days.contact_key = acts.contact_key
            and days.counted_date >= acts.happened_date
            and coalesce(acts.account_id, days.account_id, '')
            = coalesce(days.account_id, acts.account_id, '')
            and {{ is_in_force('acts', 'days.snapshot_date') }}
    where acts.counts_as = 'contact'

),

-- two talks of a day are one day: the date itself is counted, for which no other act is sorted
final as (

    select
        spoken.contact_key,
        count(
            distinct case
                when
                    {{ days_between('spoken.happened_date', 'spoken.counted_date') }}
                    < policy.relationship_window_days
                    then spoken.happened_date
            end
        ) as two_way_days_count,
        max(spoken.happened_date) as last_two_way_date,
        spoken.snapshot_date
    from spoken
    cross join policy
    group by
        spoken.contact_key,
        spoken.snapshot_date

)

select * from final
