-- Fills fct_list_feedback: the answers to the lists of earlier days. What was answered about an account that was merged
-- into another one since is told of that one.
insert into {schema}.fct_list_feedback (
    list_feedback_key, account_id, account_manager_id, row_code, channel_code, outcome_code, outcome_name_en,
    outcome_name_zh, is_treatment, is_closing, is_newest, told_date, list_date, snoozed_until_date, as_of_date
)
select
    cast(feedback.feedback_id as text),
    coalesce(accounts.merged_into_account_id, accounts.account_id),
    feedback.account_manager_id,
    feedback.row_code,
    feedback.channel,
    feedback.outcome_code,
    outcomes.name_en,
    outcomes.name_zh,
    coalesce(outcomes.is_treatment, false),
    coalesce(outcomes.is_closing, false),
    row_number() over (
        partition by coalesce(accounts.merged_into_account_id, accounts.account_id), feedback.account_manager_id
        order by feedback.told_at desc, feedback.feedback_id desc
    ) = 1,
    cast(feedback.told_at at time zone %(timezone)s as date),
    feedback.as_of,
    feedback.snoozed_until,
    %(as_of)s
from ops.feedback_before(%(gen)s) as feedback
inner join {schema}.dim_accounts as accounts on feedback.account_id = accounts.account_id
left join {schema}.policy_feedback_outcomes as outcomes on feedback.outcome_code = outcomes.outcome_code
