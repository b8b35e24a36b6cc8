{%- set churned_after_days = 'floor(churn_limit_days) + 1 - days_since_last_order' -%}
{%- set stages = [
    'prospect', 'churned', 'dormant', 'won_back', 'declining', 'first', 'loyal', 'growing',
] -%}
with conditions as (select * from {{ ref('int_account_conditions_checked') }}),

lifecycle_stages as (select * from {{ ref('policy_lifecycle_stages') }}),

snapshot_dates as (select * from {{ ref('int_snapshot_dates_listed') }}),

restatements as (select * from {{ ref('int_restatements_found') }}),

precedences as (

    select
        {%- for stage in stages %}
            max(case when stage_code = '{{ stage }}' then precedence end) as {{ stage }},
        {%- endfor %}
        max(case when stage_code = 'mature' then precedence end) as mature
    from lifecycle_stages

),

-- Of the stages whose condition holds, the one the policy puts first. Nobody may be
-- left without a stage, so mature always holds.
decided as (

    select
        conditions.*,
        least(
            precedences.mature,
            case when conditions.has_never_ordered then precedences.prospect end,
            case when conditions.is_silent_past_limit then precedences.churned end,
            case when conditions.is_long_overdue then precedences.dormant end,
            case when conditions.has_returned_after_churn then precedences.won_back end,
            case
                when
                    conditions.is_overdue
                    or conditions.has_spend_fallen
                    or conditions.has_not_come_back
                    then precedences.declining
            end,
            case when conditions.has_ordered_once then precedences.first end,
            case when conditions.has_many_order_days then precedences.loyal end,
            case when conditions.has_spend_risen then precedences.growing end
        ) as precedence
    from conditions
    cross join precedences

),

named as (

    select
        lifecycle_stages.stage_code,
        case
            when lifecycle_stages.stage_code = 'prospect' then 'no_order_day'
            when lifecycle_stages.stage_code = 'churned' then 'silent_past_limit'
            when lifecycle_stages.stage_code = 'dormant' then 'long_overdue'
            when lifecycle_stages.stage_code = 'won_back' then 'returned_after_churn'
            when lifecycle_stages.stage_code = 'first' then 'one_order_day'
            when lifecycle_stages.stage_code = 'loyal' then 'many_order_days'
            when lifecycle_stages.stage_code = 'growing' then 'spend_risen'
            when lifecycle_stages.stage_code = 'mature' then 'repeat_buyer'
            when decided.is_overdue then 'overdue'
            when decided.has_not_come_back then 'first_not_repeated'
            else 'spend_fallen'
        end as rule_code,
        decided.*
    from decided
    inner join lifecycle_stages
        on decided.precedence = lifecycle_stages.precedence

),

-- What happened on a day of its own began the stage; the other stages are met by degrees,
-- and are said to begin when they are first seen.
final as (

    select
        account_id,
        stage_code,
        rule_code,
        days_since_last_order,
        typical_gap_days,
        overdue_ratio,
        is_current,
        case stage_code
            when 'prospect' then first_seen_date
            when 'first' then {{ add_days('snapshot_date', '-days_since_last_order') }}
            when 'won_back' then won_back_date
            when 'churned' then {{ add_days('snapshot_date', churned_after_days) }}
        end as began_date,
        snapshot_date
    from named

)

{{ final_and_carried('snapshot_dates', but='restatements where is_of_presence') }}
