with raw_opportunity_stages as (select * from {{ source('raw', 'opportunity_stages') }}),

known as (

    {{ known_versions('opportunity_stages') }}

),

renamed as (

    select
        source,
        opportunity_stage_id,
        opportunity_id,
        changed_by_id,
        stage,
        previous_stage,
        cast(amount as numeric(18, 4)) as opportunity_stage_amount,
        cast(probability as numeric(18, 4)) as probability,
        is_latest,
        {{ date_in_zone('changed_at') }} as changed_date,
        known_date,
        superseded_date,
        changed_at,
        known_at
    from known

)

{{ versions_and_carried('opportunity_stages', 'opportunity_stage_id') }}
