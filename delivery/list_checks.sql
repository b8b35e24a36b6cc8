-- Fills fct_list_checks: what of tonight's lists looks wrong, beside the night before where there is one. Who is at risk
-- is compared, not who is listed: how long a list is, and who rests on it, has reasons of its own.
with today as (

    select
        actions.account_id,
        actions.account_manager_id,
        actions.has_own_manager,
        scores.churn_probability
    from {schema}.fct_account_next_actions as actions
    inner join {schema}.fct_churn_scores as scores on actions.account_id = scores.account_id

),

before as (select * from ops.at_risk_before(%(gen)s)),

listed as (

    select
        lists.account_id,
        before.account_id is not null as was_listed,
        -- where nobody orders, as under contracts, nothing tells
        lists.churn_probability is not distinct from before.churn_probability
        and coalesce(lists.days_since_last_order = before.days_since_last_order, false) as has_not_moved,
        scores.account_id is null or accounts.account_id is null or accounts.merged_into_account_id is not null
        or (
            managers.account_manager_id is null
            and lists.account_manager_id is distinct from %(desk_id)s::text
        ) as is_inactive
    from {schema}.fct_churn_lists as lists
    left join before on lists.account_id = before.account_id and before.is_listed
    left join {schema}.fct_churn_scores as scores on lists.account_id = scores.account_id
    left join {schema}.dim_accounts as accounts on lists.account_id = accounts.account_id
    left join {schema}.dim_account_managers as managers
        on lists.account_manager_id = managers.account_manager_id and coalesce(managers.is_active, true)
    where lists.status_code is distinct from 'recovered'

),

figures as (

    select
        (select count(*) from today) as today_count,
        (select count(*) from before) as before_count,
        (select %(as_of)s - max(before.as_of) from before) as before_days,
        (select count(*) from before inner join today on before.account_id = today.account_id) as both_count,
        (select count(*) from listed) as listed_count,
        (select count(*) from listed where was_listed) as listed_twice_count,
        (select count(*) from listed where was_listed and has_not_moved) as unmoved_count,
        (select count(*) from listed where is_inactive) as inactive_count,
        (select count(*) from today where not has_own_manager) as unowned_count,
        (select count(*) from before where not before.has_own_manager) as unowned_before_count,
        (
            select count(*) from {schema}.dim_account_managers where coalesce(is_active, true)
        ) as managers_count,
        (
            select max(amount) from (
                select count(*) as amount from today where account_manager_id is not null group by account_manager_id
            ) as amounts
        ) as largest_list_count,
        (
            select max(amount) from (select count(*) as amount from today group by churn_probability) as amounts
        ) as equal_count,
        (select min(scores.model_id) from {schema}.fct_churn_scores as scores) as scorer,
        (
            select models.model_id from ops.models as models
            where models.was_champion and models.as_of <= %(as_of)s
            order by models.is_champion desc, models.as_of desc, models.trained_at desc, models.model_id asc
            limit 1
        ) as champion

),

measured as (

    select
        figures.*,
        checks.check_code,
        checks.observed,
        checks.rows_count
    from figures
    cross join lateral (
        values
        ('size', today_count / cast(nullif(before_count, 0) as double precision), greatest(today_count, before_count)),
        ('overlap', both_count / cast(nullif(before_count, 0) as double precision), before_count),
        ('nothing_moved', unmoved_count / cast(nullif(listed_twice_count, 0) as double precision), listed_twice_count),
        ('one_manager', largest_list_count / cast(nullif(today_count, 0) as double precision), today_count),
        ('equal_risks', equal_count / cast(nullif(today_count, 0) as double precision), today_count),
        (
            'unowned',
            unowned_count / cast(nullif(today_count, 0) as double precision)
            - unowned_before_count / cast(nullif(before_count, 0) as double precision),
            least(today_count, before_count)
        ),
        ('inactive', cast(inactive_count as double precision), listed_count),
        ('fell_back', case when scorer <> champion then 1.0 when scorer = champion then 0 end, listed_count)
    ) as checks (check_code, observed, rows_count)

),

judged as (

    select
        measured.*,
        policy.unit,
        policy.name_en,
        policy.name_zh,
        policy.text_en,
        policy.text_zh,
        policy.limit_minimum,
        policy.limit_maximum,
        policy.is_holding,
        measured.observed is not null
        and measured.rows_count >= policy.rows_minimum
        and (policy.managers_minimum is null or measured.managers_count >= policy.managers_minimum)
        and (policy.days_maximum is null or measured.before_days <= policy.days_maximum) as is_checked,
        coalesce(measured.observed < policy.limit_minimum, false)
        or coalesce(measured.observed > policy.limit_maximum, false) as is_beyond,
        -- how far from the limit chance alone takes two counts, or a share of so many
        policy.deviations_minimum is null
        or case
            when policy.unit = 'ratio'
                then abs(today_count - before_count) >= policy.deviations_minimum * sqrt(today_count + before_count)
            else abs(measured.observed - coalesce(policy.limit_minimum, policy.limit_maximum)) * sqrt(measured.rows_count)
                >= policy.deviations_minimum * sqrt(
                    coalesce(policy.limit_minimum, policy.limit_maximum)
                    * (1 - coalesce(policy.limit_minimum, policy.limit_maximum))
                )
        end as is_beyond_chance
    from measured
    inner join {schema}.policy_list_checks as policy on measured.check_code = policy.check_code

),

told as (

    select
        judged.*,
        judged.is_checked and judged.is_beyond and judged.is_beyond_chance as is_broken,
        case judged.unit
            when 'share' then to_char(round(cast(judged.observed * 100 as numeric)), 'FM990') || ' %%'
            when 'ratio' then to_char(round(cast(judged.observed as numeric), 2), 'FM999,990.00')
            else to_char(judged.observed, 'FM999,999,990')
        end as observed_text
    from judged

)

insert into {schema}.fct_list_checks (
    check_code, check_name_en, check_name_zh, observed_value, limit_minimum, limit_maximum, rows_count, is_checked,
    is_kept, is_holding, text_en, text_zh, as_of_date
)
select
    told.check_code,
    told.name_en,
    told.name_zh,
    told.observed,
    told.limit_minimum,
    told.limit_maximum,
    told.rows_count,
    told.is_checked,
    not told.is_broken,
    told.is_broken and told.is_holding,
    {words_en},
    {words_zh},
    %(as_of)s
from told
