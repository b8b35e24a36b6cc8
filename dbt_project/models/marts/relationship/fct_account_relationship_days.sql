with composed as (select * from {{ ref('int_account_relationships_composed') }}),

days as (select * from {{ ref('int_relationship_days_held') }}),

general_levels as (select * from {{ ref('policy_relationship_general_levels') }}),

organisation_levels as (select * from {{ ref('policy_relationship_organisation_levels') }}),

final as (

    select
        composed.account_id || '|' || composed.snapshot_date as account_relationship_day_key,
        composed.account_id,
        composed.snapshot_date,
        days.is_current,
        days.is_month_end,
        composed.relationship_index,
        composed.coverage_rate,
        cast(composed.relationship_index - month_before.relationship_index as numeric(9, 2))
            as relationship_index_change,
        composed.key_index,
        composed.economic_buyer_level,
        composed.general_index,
        composed.general_level_code,
        general_levels.name_en as general_level_name_en,
        general_levels.name_zh as general_level_name_zh,
        composed.organisation_index,
        composed.organisation_level_code,
        organisation_levels.name_en as organisation_level_name_en,
        organisation_levels.name_zh as organisation_level_name_zh,
        {{ as_of_date() }} as as_of_date
    from composed
    inner join days on composed.snapshot_date = days.snapshot_date
    inner join organisation_levels
        on composed.organisation_level_code = organisation_levels.level_code
    left join general_levels on composed.general_level_code = general_levels.level_code
    left join composed as month_before
        on
            composed.account_id = month_before.account_id
            and month_before.snapshot_date
            = {{ add_days(month_start('composed.snapshot_date'), -1) }}

)

select * from final
