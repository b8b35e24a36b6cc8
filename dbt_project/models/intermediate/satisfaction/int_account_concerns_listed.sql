with tickets as (select * from {{ ref('int_tickets_placed') }}),

feedback as (select * from {{ ref('int_feedback_rated') }}),

final as (

    select
        source || '|complaint|' || ticket_id as concern_key,
        account_id,
        'complaint' as concern_kind,
        first_reply_hours is not null as is_answered,
        not is_open as is_settled,
        opened_date as raised_date,
        resolved_date as contact_from_date
    from tickets
    where is_complaint

    union all

    select
        source || '|low_answer|' || survey_response_id as concern_key,
        account_id,
        'low_answer' as concern_kind,
        cast(null as boolean) as is_answered,
        cast(null as boolean) as is_settled,
        answered_date as raised_date,
        answered_date as contact_from_date
    from feedback
    where vote = -1 and account_id is not null

)

select * from final
