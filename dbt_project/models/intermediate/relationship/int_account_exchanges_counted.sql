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

counted as (

    select
        seen.account_id,
        count(*) as interactions_count,
        count(case when {{ is_in_window }} then seen.is_two_way end)
            as exchanges_judged_count,
        count(case when seen.is_two_way and {{ is_in_window }} then 1 end)
            as exchanges_two_way_count,
        count(case when seen.is_two_way then 1 end) as two_way_count,
        count(case when seen.is_two_way then seen.contact_key end) as two_way_named_count,
        seen.snapshot_date
    from seen
    cross join policy
    group by
        seen.account_id,
        seen.snapshot_date

),

-- a meeting is a row for each person who was there
met as (

    select
        interactions.account_id,
        count(distinct interactions.happened_date) as executive_meetings_count,
        days.snapshot_date
    from interactions
    cross join meetings
    inner join days
        on
            interactions.happened_date <= days.snapshot_date
            and {{ days_between('interactions.happened_date', 'days.snapshot_date') }}
            < meetings.executive_meetings_window_days
            and {{ is_in_force('interactions', 'days.snapshot_date') }}
    where interactions.is_executive_meeting
    group by
        interactions.account_id,
        days.snapshot_date

),

final as (

    select
        counted.account_id,
        counted.interactions_count,
        counted.exchanges_judged_count,
        counted.exchanges_two_way_count,
        counted.two_way_count,
        counted.two_way_named_count,
        coalesce(met.executive_meetings_count, 0) as executive_meetings_count,
        counted.snapshot_date
    from counted
    left join met
        on
            counted.account_id = met.account_id
            and counted.snapshot_date = met.snapshot_date

)

select * from final
