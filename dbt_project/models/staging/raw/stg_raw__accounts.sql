with raw_accounts as (select * from {{ source('raw', 'accounts') }}),

known as (

    {{ known_versions('accounts') }}

),

resolved as (

    {{ resolved_accounts(
        'known',
        ['account_id', 'parent_account_id'],
        source('ops', 'account_keys')
    ) }}

),

renamed as (

    select
        source,
        account_id as source_account_id,
        account_id_resolved as account_id,
        parent_account_id_resolved as parent_account_id,
        account_manager_id,
        account_name,
        industry,
        size_band,
        region,
        country,
        is_internal,
        is_latest,
        {{ date_in_zone('created_at') }} as created_date,
        known_date,
        superseded_date,
        known_at
    from resolved

)

{{ versions_and_carried('accounts', 'source_account_id') }}
