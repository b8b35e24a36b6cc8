with raw_list_feedback as (select * from {{ source('raw', 'list_feedback') }}),

known as (

    {{ known_versions('list_feedback') }}

),

resolved as (

    {{ resolved_accounts('known', ['account_id'], source('ops', 'account_keys')) }}

),

renamed as (

    select
        source,
        list_feedback_id,
        account_id_resolved as account_id,
        account_manager_id,
        outcome,
        feedback_note,
        is_latest,
        snooze_until_date,
        known_date,
        superseded_date,
        told_at,
        known_at
    from resolved

)

{{ versions_and_carried('list_feedback', 'list_feedback_id') }}
