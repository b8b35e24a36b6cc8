{%- set is_in_window = 'seen.age_days < policy.response_window_days' -%}
with interactions as (select * from {{ ref('int_relationship_interactions_judged') }}),

days as (select * from {{ ref('int_relationship_days_listed') }}),

policy as ({{ component_policy('window_days', ['response']) }}),

meetings as ({{ measure_policy('window_days', ['executive_meetings']) }}),

seen as (

    select
        interactions.account_id,
        interactions.contact_key,
        interactions.is_two_way,
        interactions.is_executive_meeting,
        interactions.happened_date,
        {{ days_between('interactions.happened_date', 'days.snapshot_date') }} as age_days,
        days.snapshot_date
    from interactions
    inner join days
        on
            interactions.happened_date <= days.snapshot_date
            and interactions.happened_date > {{ add_days('days.snapshot_date', -365) }}
            and {{ is_in_force('interactions', 'days.snapshot_date') }}
    where interactions.account_id is not null

),

final as (

    select
        seen.account_id,
        count(*) as interactions_count,
        count(case when {{ is_in_window }} then seen.is_two_way end)
            as exchanges_judged_count,
        count(case when seen.is_two_way and {{ is_in_window }} then 1 end)
            as exchanges_two_way_count,
        count(case when seen.is_two_way then 1 end) as two_way_count,
        count(case when seen.is_two_way then seen.contact_key end)
            as two_way_named_count,
        -- a meeting is a row for each person who was there
        count(
            distinct case
                when
                    seen.is_executive_meeting
                    and seen.age_days < meetings.executive_meetings_window_days
                    then seen.happened_date
            end
        ) as executive_meetings_count,
        seen.snapshot_date
    from seen
    cross join policy
    cross join meetings
    group by
        seen.account_id,
        seen.snapshot_date

)

select * from final
