{%- set score = 'health.health_score' -%}
with labels as (select * from {{ ref('fct_churn_labels') }}),

health as (select * from {{ ref('int_account_health_scored') }}),

policy as ({{ policy_values(['confidence_z']) }}),

ranked as (

    select
        health.snapshot_date,
        {{ score }},
        labels.is_churned,
        labels.closes_on,
        {{ mid_rank_rate(score, within='health.snapshot_date') }} as score_rank_rate,
        {{ mid_rank_rate('labels.is_churned', within='health.snapshot_date') }}
            as churn_rank_rate
    from labels
    inner join health
        on
            labels.account_id = health.account_id
            and labels.snapshot_date = health.snapshot_date
    where labels.is_scored and not health.is_current and {{ score }} is not null

),

-- those who are alike are in one tenth, so that no order of ids decides
placed as (

    select
        *,
        least(10, 1 + cast(floor(10 * score_rank_rate) as integer)) as health_decile,
        corr(
            cast(score_rank_rate as {{ type_double() }}),
            cast(churn_rank_rate as {{ type_double() }})
        ) over (partition by snapshot_date) as rank_correlation
    from ranked

),

deciles as (

    select
        snapshot_date,
        health_decile,
        max(closes_on) as closes_on,
        max(rank_correlation) as rank_correlation,
        count(*) as accounts_count,
        count(case when is_churned then 1 end) as churned_count,
        cast(round(avg(health_score), 2) as numeric(9, 2)) as mean_score,
        -- compared as a fraction of whole numbers: equal shares are equal
        count(case when is_churned then 1 end) / cast(count(*) as numeric) as share
    from placed
    group by
        snapshot_date,
        health_decile

),

stepped as (

    select
        *,
        share > lag(share) over (
            partition by snapshot_date
            order by health_decile
        ) as is_step_wrong
    from deciles

),

final as (

    select
        stepped.snapshot_date || '|' || stepped.health_decile as health_backtest_key,
        stepped.snapshot_date,
        stepped.health_decile,
        stepped.closes_on,
        stepped.mean_score,
        stepped.accounts_count,
        stepped.churned_count,
        {{ rate('stepped.churned_count', 'stepped.accounts_count') }} as churn_rate,
        {{ wilson_bound('stepped.churned_count', 'stepped.accounts_count', '-') }}
            as churn_low_rate,
        {{ wilson_bound('stepped.churned_count', 'stepped.accounts_count', '+') }}
            as churn_high_rate,
        cast(sum(stepped.accounts_count) over month_rows as bigint) as month_accounts_count,
        count(stepped.is_step_wrong) over month_rows as month_steps_count,
        count(case when stepped.is_step_wrong then 1 end) over month_rows
            as month_steps_wrong_count,
        not bool_or(stepped.is_step_wrong) over month_rows as is_monotone,
        {{ round_rate('stepped.rank_correlation') }} as rank_correlation,
        {{ as_of_date() }} as as_of_date
    from stepped
    cross join policy
    window month_rows as (partition by stepped.snapshot_date)

)

select * from final
