-- Adds to fct_churn_lists what its rows tell besides the scores: the relationship, who spoke when, mails and answers.
with plans as (

    -- a plan for the customer as a whole; those for persons are nobody's to read in a list
    select distinct on (plans.account_id)
        plans.account_id,
        plans.dimension_name_en,
        plans.dimension_name_zh,
        coalesce(plans.current_level_name_en, cast(round(plans.current_index) as text)) as level_name_en,
        coalesce(plans.current_level_name_zh, cast(round(plans.current_index) as text)) as level_name_zh,
        coalesce(plans.target_level_name_en, cast(round(plans.target_index) as text)) as target_name_en,
        coalesce(plans.target_level_name_zh, cast(round(plans.target_index) as text)) as target_name_zh,
        plans.gap_value
    from {schema}.fct_relationship_plans as plans
    where plans.is_open and plans.contact_key is null and plans.gap_value > 0
    order by
        plans.account_id,
        plans.due_date nulls last,
        plans.gap_value desc,
        plans.relationship_plan_key collate "C"

),

relationships as (

    select
        known.account_id,
        known.unfilled_roles_count,
        dimensions.name_en as dimension_name_en,
        dimensions.name_zh as dimension_name_zh,
        known.organisation_level_name_en as level_name_en,
        known.organisation_level_name_zh as level_name_zh,
        levels.name_en as target_name_en,
        levels.name_zh as target_name_zh,
        greatest(0, levels.position - reached.position) as gap_value
    from {schema}.fct_account_relationships as known
    left join {schema}.fct_key_accounts as tiers on known.account_id = tiers.account_id
    left join {schema}.policy_relationship_targets as targets on tiers.tier_code = targets.tier_code
    left join {schema}.policy_relationship_organisation_levels as levels on targets.level_code = levels.level_code
    left join {schema}.policy_relationship_organisation_levels as reached
        on known.organisation_level_code = reached.level_code
    left join {schema}.policy_relationship_dimensions as dimensions on dimensions.dimension_code = 'organisation'
    where known.is_current

),

contacts as (

    select
        account_id,
        %(as_of)s - max(happened_date) as days_since_last_contact
    from {schema}.fct_interactions
    where
        is_done
        and is_two_way
        and happened_date <= %(as_of)s
        and account_id in (select account_id from {schema}.list_states where is_listed)
    group by account_id

),

mails as (

    select
        account_id,
        count(*) as mailed_days_count,
        min(as_of) as first_mailed_date,
        max(as_of) as last_mailed_date
    from ops.mailed_before(%(gen)s)
    where status_code is distinct from 'recovered'
    group by account_id

),

answers as (

    select distinct on (given.account_id)
        given.account_id,
        given.outcome_code,
        cast(given.told_at at time zone runs.timezone as date) as answer_date
    from ops.feedback_before(%(gen)s) as given
    inner join ops.runs as runs on runs.gen = %(gen)s
    order by given.account_id, given.told_at desc, given.feedback_id desc

),

months as (

    select
        account_id,
        (extract(year from %(as_of)s::date) - extract(year from order_date)) * 12
        + extract(month from %(as_of)s::date) - extract(month from order_date) as months_ago,
        count(distinct order_date) as order_days_count
    from {schema}.fct_order_lines
    where is_revenue and not is_return and order_date <= %(as_of)s
        and order_date >= date_trunc('month', %(as_of)s::date) - interval '11 months'
        and account_id in (select account_id from {schema}.list_states where is_listed)
    group by 1, 2

),

orders as (

    select
        listed.account_id,
        string_agg(cast(coalesce(months.order_days_count, 0) as text), ',' order by ago.months_ago desc) as order_days
    from {schema}.fct_churn_lists as listed
    cross join generate_series(0, 11) as ago (months_ago)
    left join months on listed.account_id = months.account_id and ago.months_ago = months.months_ago
    group by listed.account_id

)

update {schema}.fct_churn_lists as lists
set
    relationship_dimension_en = coalesce(plans.dimension_name_en, relationships.dimension_name_en),
    relationship_dimension_zh = coalesce(plans.dimension_name_zh, relationships.dimension_name_zh),
    relationship_level_en = coalesce(plans.level_name_en, relationships.level_name_en),
    relationship_level_zh = coalesce(plans.level_name_zh, relationships.level_name_zh),
    relationship_target_en = coalesce(plans.target_name_en, relationships.target_name_en),
    relationship_target_zh = coalesce(plans.target_name_zh, relationships.target_name_zh),
    relationship_gap_value = coalesce(plans.gap_value, relationships.gap_value),
    unfilled_roles_count = relationships.unfilled_roles_count,
    days_since_last_contact = contacts.days_since_last_contact,
    mailed_days_count = coalesce(mails.mailed_days_count, 0),
    first_mailed_date = mails.first_mailed_date,
    last_mailed_date = mails.last_mailed_date,
    answer_outcome_code = answers.outcome_code,
    answer_date = answers.answer_date,
    is_unanswered = lists.status_code <> 'recovered' and mails.account_id is not null
    and coalesce(answers.answer_date < states.changed_date, true),
    order_days_12m = orders.order_days
from {schema}.list_states as states
inner join orders on states.account_id = orders.account_id
left join plans on states.account_id = plans.account_id
left join relationships on states.account_id = relationships.account_id
left join contacts on states.account_id = contacts.account_id
left join mails on states.account_id = mails.account_id
left join answers on states.account_id = answers.account_id
where lists.account_id = states.account_id
