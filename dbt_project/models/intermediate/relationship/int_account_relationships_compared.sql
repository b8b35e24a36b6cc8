with composed as (select * from {{ ref('int_account_relationships_composed') }}),

months as (select * from {{ ref('int_relationship_months_held') }}),

known as (

    select
        composed.account_id,
        composed.key_index,
        composed.general_index,
        composed.general_level_code,
        composed.organisation_index,
        composed.organisation_level_code,
        composed.organisation_level_position,
        composed.relationship_index,
        composed.coverage_rate,
        months.is_current,
        composed.snapshot_date
    from composed
    inner join months on composed.snapshot_date = months.snapshot_date

),

final as (

    select
        *,
        lag(snapshot_date) over account_days as previous_snapshot_date,
        lag(relationship_index) over account_days as previous_relationship_index,
        {%- for index in ['relationship', 'key', 'general', 'organisation'] %}
            cast({{ index }}_index - lag({{ index }}_index) over account_days as numeric(9, 2))
                as {{ index }}_index_change,
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
