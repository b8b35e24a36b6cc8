{%- set counted = {
    'acceptances': 'acceptance', 'information': 'information', 'events': 'event',
    'endorsements': 'endorsement', 'supports': 'support',
} -%}
with days as (select * from {{ ref('int_contact_days_listed') }}),

acts as (select * from {{ ref('int_relationship_acts_listed') }}),

tied as (select * from {{ ref('int_exclusions_tied') }}),

policy as (
    {{ policy_values([
        'relationship_window_days', 'relationship_contact_days', 'relationship_coach_days',
    ]) }}
),

-- what a person did at another customer says nothing of this one
seen as (

    select
        days.contact_key,
        days.snapshot_date,
        acts.counts_as,
        acts.polarity,
        acts.happened_date,
        tied.evidence_key is not null as is_tied,
        {{ days_between('acts.happened_date', 'days.counted_date') }} as age_days
    from days
    cross join policy
    inner join acts
        on
            days.contact_key = acts.contact_key
            and days.counted_date >= acts.happened_date
            and {{ days_between('acts.happened_date', 'days.counted_date') }} < greatest(
                policy.relationship_window_days,
                policy.relationship_contact_days,
                policy.relationship_coach_days
            )
            and coalesce(acts.account_id, days.account_id, '')
            = coalesce(days.account_id, acts.account_id, '')
            and {{ is_in_force('acts', 'days.snapshot_date') }}
    left join tied
        on
            acts.evidence_key = tied.evidence_key
            and days.snapshot_date = tied.snapshot_date

),

placed as (

    select
        seen.*,
        seen.age_days < policy.relationship_window_days as is_recent,
        seen.age_days < policy.relationship_contact_days as is_in_contact,
        seen.age_days < policy.relationship_coach_days as is_for_coach
    from seen
    cross join policy

),

final as (

    select
        contact_key,
        count(case when counts_as = 'contact' and is_in_contact then 1 end) as contacts_count,
        count(case when counts_as = 'contact' and is_recent then 1 end) as two_way_count,
        {%- for name, kind in counted.items() %}
            count(case when counts_as = '{{ kind }}' and is_recent then 1 end)
                as {{ name }}_count,
        {%- endfor %}
        count(case when counts_as = 'exclusion' and is_tied and is_recent then 1 end)
            as exclusions_count,
        count(case when counts_as = 'information' and is_for_coach then 1 end)
            as coach_information_count,
        max(case when counts_as = 'opposition' and is_recent then happened_date end)
            as last_opposed_date,
        max(case when polarity = 'supporting' and is_recent then happened_date end)
            as last_supported_date,
        snapshot_date
    from placed
    group by
        contact_key,
        snapshot_date

)

select * from final
