{%- set before = [
    'published_level', 'computed_level', 'claimed_level', 'missed_cadences_count', 'has_left',
    'account_id', 'snapshot_date',
] -%}
with contacts as (select * from {{ ref('int_contact_levels_decided') }}),

comparisons as (select * from {{ ref('int_relationship_comparisons_listed') }}),

followed as (

    select
        comparisons.comparison_key,
        comparisons.compared_with,
        {%- for column in before %}
            earlier.{{ column }} as from_{{ column }},
        {%- endfor %}
        contacts.*
    from comparisons
    inner join contacts on comparisons.snapshot_date = contacts.snapshot_date
    inner join contacts as earlier
        on
            comparisons.previous_snapshot_date = earlier.snapshot_date
            and contacts.contact_key = earlier.contact_key
    where not comparisons.is_carried

),

-- a level that was not known, or is not any more, did not move
moved as (

    select
        *,
        has_left and not from_has_left as is_leaving,
        coalesce(account_id, '') <> coalesce(from_account_id, '') as is_moving
    from followed
    where published_level is not null and from_published_level is not null

),

reasoned as (

    select
        *,
        case
            when is_moving then 'moved'
            when is_leaving then 'left'
            when computed_level = from_computed_level then 'claim'
            -- what is published went against the evidence, or is held below it
            when
                (published_level > from_published_level) <> (computed_level > from_computed_level)
                or (published_level < computed_level and published_level < from_published_level)
                then 'claim'
        end as move_reason
    from moved
    where published_level <> from_published_level or is_leaving or is_moving

),

final as (

    select
        comparison_key,
        compared_with,
        contact_key,
        account_id,
        from_published_level as from_level,
        published_level as to_level,
        computed_level,
        from_computed_level,
        move_reason,
        move_reason is null and (computed_level > from_computed_level or computed_level < 0)
            as is_of_evidence,
        missed_cadences_count > from_missed_cadences_count
        and computed_level < from_computed_level as is_decayed,
        counted_date,
        from_snapshot_date,
        snapshot_date
    from reasoned

)

select * from final
