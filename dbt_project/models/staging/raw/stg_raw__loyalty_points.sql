with raw_loyalty_points as (select * from {{ source('raw', 'loyalty_points') }}),

known as (

    {{ known_versions('loyalty_points') }}

),

resolved as (

    {{ resolved_accounts(
        'known',
        ['account_id'],
        source('ops', 'account_keys')
    ) }}

),

renamed as (

    select
        source,
        loyalty_movement_id,
        account_id_resolved as account_id,
        contact_id,
        order_id,
        programme,
        kind as movement_kind,
        tier as loyalty_tier,
        cast(points as numeric(18, 4)) as points,
        cast(balance as numeric(18, 4)) as points_balance,
        is_latest,
        {{ date_in_zone('moved_at') }} as moved_date,
        known_date,
        superseded_date,
        moved_at,
        known_at
    from resolved

)

{{ versions_and_carried('loyalty_points', 'loyalty_movement_id') }}
