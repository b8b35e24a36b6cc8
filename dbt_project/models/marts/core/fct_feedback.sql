with feedback as (select * from {{ ref('int_feedback_rated') }}),

final as (

    select
        source || '|' || survey_response_id as survey_response_key,
        source,
        survey_response_id,
        account_id,
        source || '|' || contact_id as contact_key,
        source || '|' || ticket_id as ticket_key,
        order_id,
        kind,
        theme,
        category,
        score,
        best_score,
        score_rate,
        response_hours,
        asked_date,
        answered_date,
        {{ as_of_date() }} as as_of_date
    from feedback

)

select * from final
