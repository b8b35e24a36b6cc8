with tickets as (select * from {{ ref('stg_raw__tickets') }}),

responses as (select * from {{ ref('stg_raw__survey_responses') }}),

interactions as (select * from {{ ref('stg_raw__interactions') }}),

churn_reasons as (select * from {{ ref('stg_raw__churn_reasons') }}),

-- One meeting with several people is one row each, with the same note.
final as (

    select
        'ticket' as record_kind,
        source,
        ticket_id as record_id,
        ticket_id,
        account_id,
        {{ text_digest(['category']) }} as label_digest,
        {{ text_digest(['subject', 'description']) }} as text_digest,
        cast(null as {{ type_text() }}) as outcome,
        opened_date as mentioned_date
    from tickets
    where is_latest and opened_date <= {{ as_of_date() }}

    union all

    select
        'survey_response' as record_kind,
        source,
        survey_response_id as record_id,
        ticket_id,
        account_id,
        {{ text_digest(['theme']) }} as label_digest,
        {{ text_digest(['comment']) }} as text_digest,
        cast(null as {{ type_text() }}) as outcome,
        answered_date as mentioned_date
    from responses
    where is_latest and answered_date <= {{ as_of_date() }}

    union all

    select
        'interaction' as record_kind,
        source,
        min(interaction_id) as record_id,
        cast(null as {{ type_text() }}) as ticket_id,
        account_id,
        cast(null as {{ type_text() }}) as label_digest,
        {{ text_digest(['note']) }} as text_digest,
        case
            when max(evidence) = 'complained' then 'negative' else min(interaction_outcome)
        end as outcome,
        happened_date as mentioned_date
    from interactions
    where
        is_latest
        and happened_date <= {{ as_of_date() }}
        and coalesce(interaction_status, 'done') = 'done'
        and note is not null
    group by
        source,
        account_id,
        note,
        happened_date

    union all

    select
        'churn_reason' as record_kind,
        source,
        churn_reason_id as record_id,
        cast(null as {{ type_text() }}) as ticket_id,
        account_id,
        {{ text_digest(['reason']) }} as label_digest,
        {{ text_digest(['comment']) }} as text_digest,
        'negative' as outcome,
        left_date as mentioned_date
    from churn_reasons
    where is_latest and left_date <= {{ as_of_date() }}

)

select * from final
