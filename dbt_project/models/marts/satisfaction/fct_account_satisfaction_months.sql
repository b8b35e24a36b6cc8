with months as (select * from {{ ref('int_satisfaction_months_listed') }}),

answers as (select * from {{ ref('int_account_answers_summed') }}),

verdicts as (select * from {{ ref('int_account_verdicts_summed') }}),

tickets as (select * from {{ ref('int_account_tickets_summed') }}),

loops as (select * from {{ ref('int_account_concerns_summed') }}),

final as (

    select
        months.account_id,
        months.account_id || '|' || months.month_date as account_month_key,
        verdicts.last_verdict as last_csat_verdict,
        coalesce(answers.nps_responses_count, 0) as nps_responses_count,
        coalesce(answers.nps_high_count, 0) as promoters_count,
        coalesce(answers.nps_low_count, 0) as detractors_count,
        coalesce(answers.nps_decision_maker_responses_count, 0)
            as nps_decision_maker_responses_count,
        100 * {{ rate(
            'answers.nps_high_count - answers.nps_low_count', 'answers.nps_responses_count'
        ) }} as nps_score,
        cast(100 * answers.nps_weighted_mean as {{ type_double() }})
            as nps_decision_maker_score,
        coalesce(answers.csat_responses_count, 0) as csat_responses_count,
        {{ rate('answers.csat_high_count', 'answers.csat_responses_count') }} as csat_rate,
        coalesce(answers.ces_responses_count, 0) as ces_responses_count,
        {{ rate('answers.ces_high_count', 'answers.ces_responses_count') }} as ces_rate,
        coalesce(verdicts.good_to_bad_count, 0) as csat_good_to_bad_count,
        coalesce(verdicts.bad_to_good_count, 0) as csat_bad_to_good_count,
        {%- for column in [
            'tickets_count', 'complaints_count', 'open_tickets_count', 'reply_judged_count',
            'reply_in_target_count', 'resolution_judged_count', 'resolution_in_target_count',
        ] %}
            coalesce(tickets.{{ column }}, 0) as {{ column }},
        {%- endfor %}
        cast(tickets.median_first_reply_hours as numeric(18, 4)) as median_first_reply_hours,
        cast(tickets.median_resolution_hours as numeric(18, 4)) as median_resolution_hours,
        {{ rate('tickets.reply_in_target_count', 'tickets.reply_judged_count') }}
            as reply_in_target_rate,
        {{ rate('tickets.resolution_in_target_count', 'tickets.resolution_judged_count') }}
            as resolution_in_target_rate,
        {{ rate('tickets.recurring_tickets_count', 'tickets.themed_tickets_count') }}
            as recurrence_rate,
        coalesce(loops.low_answers_count, 0) as low_answers_count,
        loops.low_answers_followed_count,
        coalesce(loops.complaints_answered_count, 0) as complaints_answered_count,
        coalesce(loops.complaints_settled_count, 0) as complaints_settled_count,
        loops.complaints_told_count,
        verdicts.last_verdict_date as last_csat_date,
        months.month_date,
        months.counted_date,
        {{ as_of_date() }} as as_of_date
    from months
    {% for part in ['answers', 'verdicts', 'tickets', 'loops'] %}
        left join {{ part }}
            on
                months.account_id = {{ part }}.account_id
                and months.month_date = {{ part }}.month_date
    {% endfor %}

)

select * from final
