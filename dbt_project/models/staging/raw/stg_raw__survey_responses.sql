with raw_survey_responses as (select * from {{ source('raw', 'survey_responses') }}),

known as (

    {{ known_versions('survey_responses') }}

),

resolved as (

    {{ resolved_accounts('known', ['account_id'], source('ops', 'account_keys')) }}

),

renamed as (

    select
        source,
        survey_response_id,
        account_id_resolved as account_id,
        contact_id,
        ticket_id,
        order_id,
        kind as survey_response_kind,
        theme,
        comment,
        cast(score as numeric(18, 4)) as score,
        cast(best_score as numeric(18, 4)) as best_score,
        is_latest,
        {{ date_in_zone('asked_at') }} as asked_date,
        {{ date_in_zone('answered_at') }} as answered_date,
        known_date,
        superseded_date,
        asked_at,
        answered_at,
        known_at
    from resolved

)

{{ versions_and_carried('survey_responses', 'survey_response_id') }}
