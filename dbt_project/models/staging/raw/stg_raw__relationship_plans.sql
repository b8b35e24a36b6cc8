with raw_relationship_plans as (select * from {{ source('raw', 'relationship_plans') }}),

known as (

    {{ known_versions('relationship_plans') }}

),

resolved as (

    {{ resolved_accounts('known', ['account_id'], source('ops', 'account_keys')) }}

),

renamed as (

    select
        source,
        relationship_plan_id,
        account_id_resolved as account_id,
        contact_id,
        dimension as dimension_code,
        target_level as target_level_code,
        cast(target_index as numeric(18, 4)) as target_index,
        account_manager_id,
        status as plan_status,
        approved_by,
        actions,
        is_latest,
        due_date,
        {{ date_in_zone('approved_at') }} as approved_date,
        {{ date_in_zone('created_at') }} as created_date,
        known_date,
        superseded_date,
        approved_at,
        created_at,
        known_at
    from resolved

)

{{ versions_and_carried('relationship_plans', 'relationship_plan_id') }}
