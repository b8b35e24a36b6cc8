with raw_churn_reasons as (select * from {{ source('raw', 'churn_reasons') }}),

known as (

    {{ known_versions('churn_reasons') }}

),

resolved as (

    {{ resolved_accounts('known', ['account_id'], source('ops', 'account_keys')) }}

),

renamed as (

    select
        source,
        churn_reason_id,
        account_id_resolved as account_id,
        contract_id,
        reason,
        lost_to,
        comment,
        cast(refund_amount as numeric(18, 4)) as refund_amount,
        is_voluntary,
        is_return,
        is_latest,
        left_date,
        known_date,
        superseded_date,
        known_at
    from resolved

)

{{ versions_and_carried('churn_reasons', 'churn_reason_id') }}
