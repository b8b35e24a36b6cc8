with raw_relationship_reviews as (select * from {{ source('raw', 'relationship_reviews') }}),

known as (

    {{ known_versions('relationship_reviews') }}

),

resolved as (

    {{ resolved_accounts('known', ['account_id'], source('ops', 'account_keys')) }}

),

renamed as (

    select
        source,
        relationship_review_id,
        account_id_resolved as account_id,
        reviewed_by,
        outcome as review_outcome,
        agreed_level as agreed_level_code,
        review_note,
        is_latest,
        {{ date_in_zone('reviewed_at') }} as reviewed_date,
        known_date,
        superseded_date,
        reviewed_at,
        known_at
    from resolved

)

{{ versions_and_carried('relationship_reviews', 'relationship_review_id') }}
