{%- set is_in_window = 'interactions.age_days < policy.response_window_days' -%}
with interactions as (select * from {{ ref('int_relationship_interactions_judged') }}),

policy as ({{ component_policy('window_days', ['response']) }}),

meetings as ({{ measure_policy('window_days', ['executive_meetings']) }}),

final as (

    select
        interactions.account_id,
        count(*) as interactions_count,
        count(case when {{ is_in_window }} then interactions.is_two_way end)
            as exchanges_judged_count,
        count(case when interactions.is_two_way and {{ is_in_window }} then 1 end)
            as exchanges_two_way_count,
        count(case when interactions.is_two_way then 1 end) as two_way_count,
        count(case when interactions.is_two_way then interactions.contact_key end)
            as two_way_named_count,
        -- a meeting is a row for each person who was there
        count(
            distinct case
                when
                    interactions.is_executive_meeting
                    and interactions.age_days < meetings.executive_meetings_window_days
                    then interactions.happened_date
            end
        ) as executive_meetings_count,
        interactions.snapshot_date
    from interactions
    cross join policy
    cross join meetings
    where interactions.account_id is not null
    group by
        interactions.account_id,
        interactions.snapshot_date

)

select * from final
