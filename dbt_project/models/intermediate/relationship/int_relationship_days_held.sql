with restatements as (select * from {{ ref('int_relationship_restatements_found') }}),

policy as ({{ policy_values(['relationship_months_count', 'relationship_days_count']) }}),

month_ends as (

    {{ month_ends_before(as_of_date(), 120) }}

),

days_before as (

    {{ days_before(as_of_date(), 400) }}

),

chosen as (

    select {{ as_of_date() }} as snapshot_date
    union
    select days_before.day_before as snapshot_date
    from days_before
    cross join policy
    where days_before.days_back <= policy.relationship_days_count
    union
    select month_ends.month_end as snapshot_date
    from month_ends
    cross join policy
    where month_ends.months_back <= policy.relationship_months_count

),

-- what the live night had measured, its own day too, before anything that reads otherwise was known
carried as (

    {% if var('carried_schema') -%}
        select
            snapshot_date,
            min(snapshot_date) over () as first_date
        from {{ carried_relation('int_relationship_days_held') }}
        where
            snapshot_date < coalesce(
                (select min(restatements.restated_from_date) from restatements),
                cast('9999-12-31' as date)
            )
    {%- else -%}
        select
            cast(null as date) as snapshot_date,
            cast(null as date) as first_date
    {%- endif %}

),

bounds as (

    select min(snapshot_date) as first_date from chosen

),

-- what has become the oldest day has nothing in hand any more to be compared with
final as (

    select
        carried.snapshot_date is not null
        and (
            chosen.snapshot_date > bounds.first_date
            or chosen.snapshot_date = carried.first_date
        ) as is_carried,
        chosen.snapshot_date = {{ as_of_date() }} as is_current,
        chosen.snapshot_date = {{ month_end('chosen.snapshot_date') }} as is_month_end,
        chosen.snapshot_date
    from chosen
    cross join bounds
    left join carried on chosen.snapshot_date = carried.snapshot_date

)

select * from final
