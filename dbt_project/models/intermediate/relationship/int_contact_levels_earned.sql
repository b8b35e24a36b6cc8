with days as (select * from {{ ref('int_contact_days_listed') }}),

counts as (select * from {{ ref('int_contact_acts_counted') }}),

talks as (select * from {{ ref('int_contact_talks_counted') }}),

policy as (
    {{ policy_values([
        'relationship_two_way_minimum', 'relationship_two_way_days_minimum',
        'relationship_acceptance_minimum', 'relationship_information_minimum',
        'relationship_events_minimum', 'relationship_coach_information_minimum',
    ]) }}
),

judged as (

    select
        days.*,
        talks.last_two_way_date,
        counts.last_opposed_date is not null
        and coalesce(counts.last_supported_date <= counts.last_opposed_date, true)
            as is_opposed,
        coalesce(counts.contacts_count, 0) > 0 as is_in_contact,
        coalesce(
            counts.two_way_count >= policy.relationship_two_way_minimum
            and talks.two_way_days_count >= policy.relationship_two_way_days_minimum
            and counts.acceptances_count >= policy.relationship_acceptance_minimum,
            false
        ) as is_accepting,
        coalesce(
            counts.information_count >= policy.relationship_information_minimum
            or counts.events_count >= policy.relationship_events_minimum
            or counts.endorsements_count > 0,
            false
        ) as is_well_disposed,
        coalesce(counts.supports_count, 0) > 0 as is_supporting,
        coalesce(counts.exclusions_count, 0) > 0 as is_excluding,
        coalesce(
            counts.coach_information_count >= policy.relationship_coach_information_minimum,
            false
        ) as is_informing
    from days
    cross join policy
    left join counts
        on
            days.contact_key = counts.contact_key
            and days.snapshot_date = counts.snapshot_date
    left join talks
        on
            days.contact_key = talks.contact_key
            and days.snapshot_date = talks.snapshot_date

),

-- Without any record of talks nobody can say that there were none.
final as (

    select
        *,
        case
            when not has_interactions then null
            when is_opposed then -1
            when not is_in_contact then 0
            when not is_accepting then 1
            when is_supporting and is_excluding then 5
            when is_supporting then 4
            when is_well_disposed then 3
            else 2
        end as earned_level
    from judged

)

select * from final
