with raw_tickets as (select * from {{ source('raw', 'tickets') }}),

known as (

    {{ known_versions('tickets') }}

),

resolved as (

    {{ resolved_accounts('known', ['account_id'], source('ops', 'account_keys')) }}

),

renamed as (

    select
        source,
        ticket_id,
        account_id_resolved as account_id,
        contact_id,
        product_id,
        order_id,
        account_manager_id,
        kind as ticket_kind,
        category,
        priority,
        status as ticket_status,
        channel as ticket_channel,
        subject,
        description,
        is_escalated,
        is_latest,
        {{ date_in_zone('opened_at') }} as opened_date,
        {{ date_in_zone('first_response_at') }} as first_response_date,
        {{ date_in_zone('resolved_at') }} as resolved_date,
        known_date,
        superseded_date,
        opened_at,
        first_response_at,
        resolved_at,
        known_at
    from resolved

)

{{ versions_and_carried('tickets', 'ticket_id') }}
