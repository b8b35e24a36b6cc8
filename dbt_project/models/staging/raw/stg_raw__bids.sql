with raw_bids as (select * from {{ source('raw', 'bids') }}),

known as (

    {{ known_versions('bids') }}

),

resolved as (

    {{ resolved_accounts('known', ['account_id'], source('ops', 'account_keys')) }}

),

renamed as (

    select
        source,
        bid_id,
        account_id_resolved as account_id,
        opportunity_id,
        account_manager_id,
        bid_name,
        result as bid_result,
        winner,
        cast(amount as numeric(18, 4)) as bid_amount,
        our_rank,
        technical_rank,
        bidder_count,
        helped_specify,
        is_latest,
        published_date,
        due_date,
        {{ date_in_zone('submitted_at') }} as submitted_date,
        decided_date,
        known_date,
        superseded_date,
        submitted_at,
        known_at
    from resolved

)

{{ versions_and_carried('bids', 'bid_id') }}
