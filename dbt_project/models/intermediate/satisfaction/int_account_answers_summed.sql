with months as (select * from {{ ref('int_satisfaction_months_listed') }}),

feedback as (select * from {{ ref('int_feedback_rated') }}),

contacts as (select * from {{ ref('dim_contacts') }}),

roles as (select * from {{ ref('policy_buying_roles') }}),

policy as ({{ policy_values(['satisfaction_window_days']) }}),

-- a person whose part nobody knows weighs as the policy says of the unknown
weighed as (

    select
        feedback.account_id,
        feedback.kind,
        feedback.vote,
        feedback.answered_date,
        roles.survey_weight,
        roles.is_decision_maker
    from feedback
    left join contacts
        on
            feedback.source = contacts.source
            and feedback.contact_id = contacts.contact_id
    inner join roles on coalesce(contacts.buying_role, 'unknown') = roles.buying_role
    where feedback.vote is not null

),

final as (

    select
        months.account_id,
        {%- for kind in ['nps', 'csat', 'ces'] %}
            count(case when weighed.kind = '{{ kind }}' then 1 end)
                as {{ kind }}_responses_count,
            count(case when weighed.kind = '{{ kind }}' and weighed.vote = 1 then 1 end)
                as {{ kind }}_high_count,
            count(case when weighed.kind = '{{ kind }}' and weighed.vote = -1 then 1 end)
                as {{ kind }}_low_count,
        {%- endfor %}
        count(case when weighed.kind = 'nps' and weighed.is_decision_maker then 1 end)
            as nps_decision_maker_responses_count,
        sum(case when weighed.kind = 'nps' then weighed.survey_weight * weighed.vote end)
        / nullif(sum(case when weighed.kind = 'nps' then weighed.survey_weight end), 0)
            as nps_weighted_mean,
        months.month_date
    from months
    cross join policy
    inner join weighed
        on
            months.account_id = weighed.account_id
            and months.counted_date >= weighed.answered_date
            and {{ days_between('weighed.answered_date', 'months.counted_date') }}
            < policy.satisfaction_window_days
    group by
        months.account_id,
        months.month_date

)

select * from final
