with raw_account_managers as (select * from {{ source('raw', 'account_managers') }}),

known as (

    {{ known_versions('account_managers') }}

),

renamed as (

    select
        source,
        account_manager_id,
        reports_to_id,
        stands_in_id,
        account_manager_name,
        email,
        language,
        role,
        team,
        list_capacity,
        absent_from,
        absent_until,
        is_active,
        is_latest,
        known_date,
        superseded_date,
        known_at
    from known

)

{{ versions_and_carried('account_managers', 'account_manager_id') }}
