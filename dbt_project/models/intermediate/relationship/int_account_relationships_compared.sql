with composed as (select * from {{ ref('int_account_relationships_composed') }}),

known as (

    select
        account_id,
        key_index,
        general_index,
        general_level_code,
        organisation_index,
        organisation_level_code,
        organisation_level_position,
        cast(case when coverage_rate > 0 then relationship_points end as numeric(9, 2))
            as relationship_index,
        coverage_rate,
        is_current,
        snapshot_date
    from composed

),

final as (

    select
        *,
        lag(snapshot_date) over account_days as previous_snapshot_date,
        lag(relationship_index) over account_days as previous_relationship_index,
        relationship_index - lag(relationship_index) over account_days
            as relationship_index_change,
        {%- for dimension in ['key', 'general', 'organisation'] %}
            {{ dimension }}_index - lag({{ dimension }}_index) over account_days
                as {{ dimension }}_index_change,
        {%- endfor %}
        lag(general_level_code) over account_days as previous_general_level_code,
        lag(organisation_level_code) over account_days as previous_organisation_level_code,
        lag(organisation_level_position) over account_days
            as previous_organisation_level_position
    from known
    window account_days as (
        partition by account_id
        order by snapshot_date
    )

)

select * from final
