with mentions as (select * from {{ ref('int_need_mentions_found') }}),

tickets as (select * from {{ ref('int_tickets_timed') }}),

feedback as (select * from {{ ref('int_feedback_rated') }}),

concerns as (select * from {{ ref('int_account_concerns_followed') }}),

policy as ({{ policy_values(['recurrence_days']) }}),

-- Praise wants nothing. An open ticket waits, and a low answer after which nobody called.
rated as (

    select
        mentions.*,
        coalesce(feedback.vote = 1 or mentions.outcome = 'positive', false) as is_praise,
        coalesce(
            tickets.is_open
            or (feedback.vote = -1 and not coalesce(concerns.is_contacted, false))
            or mentions.outcome = 'negative',
            false
        ) as is_waiting
    from mentions
    left join tickets
        on
            mentions.record_kind = 'ticket'
            and mentions.source = tickets.source
            and mentions.record_id = tickets.ticket_id
    left join feedback
        on
            mentions.record_kind = 'survey_response'
            and mentions.source = feedback.source
            and mentions.record_id = feedback.survey_response_id
    left join concerns
        on
            mentions.record_kind = 'survey_response'
            and concerns.concern_key = mentions.source || '|low_answer|' || mentions.record_id

),

-- Days, not records: two mentions of one day are one.
theme_days as (

    select
        account_id,
        theme_code,
        mentioned_date,
        lead(mentioned_date) over (partition by account_id, theme_code order by mentioned_date)
            as next_mentioned_date
    from rated
    where not is_praise
    group by
        account_id,
        theme_code,
        mentioned_date

),

final as (

    select
        rated.*,
        not rated.is_praise and coalesce(
            rated.is_waiting
            or {{ days_between('theme_days.mentioned_date', 'theme_days.next_mentioned_date') }}
            <= policy.recurrence_days,
            false
        ) as is_unmet
    from rated
    cross join policy
    left join theme_days
        on
            rated.account_id = theme_days.account_id
            and rated.theme_code = theme_days.theme_code
            and rated.mentioned_date = theme_days.mentioned_date

)

select * from final
