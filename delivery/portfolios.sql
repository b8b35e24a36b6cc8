-- Fills fct_account_manager_portfolios. What no source tells is null, and stays null in the sums.
with overdue as (

    select cast(value as numeric) as overdue_ratio
    from {schema}.policy_parameters
    where parameter = 'declining_overdue_ratio'

),

high_risk as (

    select band_code
    from {schema}.policy_churn_bands
    order by probability_from desc
    limit 1

),

accounts as (

    select
        accounts.account_id,
        accounts.account_manager_id,
        accounts.is_customer,
        abc.published_class,
        tiers.tier_code,
        stages.stage_code,
        coalesce(stages.overdue_ratio >= overdue.overdue_ratio, false) as is_overdue,
        worth.net_revenue_365d_amount,
        worth.mrr_amount,
        worth.margin_365d_amount,
        loyalty.nps_rate,
        loyalty.csat_rate,
        loyalty.complaints_365d_count,
        potential.white_space_amount,
        scores.churn_probability,
        scores.band_code,
        scores.expected_loss_amount,
        scores.account_id is not null as is_scored,
        lists.account_id is not null as is_listed
    from {schema}.dim_accounts as accounts
    cross join overdue
    left join {schema}.fct_account_abc as abc on accounts.account_id = abc.account_id
    left join {schema}.fct_key_accounts as tiers on accounts.account_id = tiers.account_id
    left join {schema}.fct_account_value as worth on accounts.account_id = worth.account_id
    left join {schema}.fct_account_loyalty as loyalty on accounts.account_id = loyalty.account_id
    left join {schema}.fct_account_potential as potential on accounts.account_id = potential.account_id
    left join {schema}.fct_churn_scores as scores on accounts.account_id = scores.account_id
    left join {schema}.fct_churn_lists as lists
        on accounts.account_id = lists.account_id and lists.status_code is distinct from 'recovered'
    left join {schema}.fct_account_lifecycle_months as stages
        on accounts.account_id = stages.account_id and stages.is_current
    where not coalesce(accounts.is_internal, false) and accounts.merged_into_account_id is null

),

-- One row more for the accounts that nobody looks after.
managers as (

    select
        account_manager_id as portfolio_key,
        account_manager_id,
        account_manager_name,
        is_active
    from {schema}.dim_account_managers
    union all
    select '(none)', null, null, null

)

insert into {schema}.fct_account_manager_portfolios (
    portfolio_key, account_manager_id, account_manager_name, is_active,
    accounts_count, customers_count, a_class_count, tier_s_count, tier_a_count, tier_b_count,
    net_revenue_365d_amount, revenue_rate, mrr_amount, margin_365d_amount,
    declining_count, dormant_count, churned_count, overdue_count,
    scored_count, high_risk_count, listed_count, expected_loss_amount, expected_margin_loss_amount,
    nps_accounts_count, nps_rate, csat_accounts_count, csat_rate, complaints_365d_count, white_space_amount,
    as_of_date
)
select
    managers.portfolio_key,
    managers.account_manager_id,
    managers.account_manager_name,
    managers.is_active,
    count(accounts.account_id),
    count(*) filter (where accounts.is_customer),
    count(*) filter (where accounts.published_class = 'A'),
    count(*) filter (where accounts.tier_code = 'S'),
    count(*) filter (where accounts.tier_code = 'A'),
    count(*) filter (where accounts.tier_code = 'B'),
    round(sum(accounts.net_revenue_365d_amount), 4),
    cast(
        sum(accounts.net_revenue_365d_amount)
        / nullif(sum(sum(accounts.net_revenue_365d_amount)) over (), 0) as double precision
    ),
    round(sum(accounts.mrr_amount), 4),
    round(sum(accounts.margin_365d_amount), 4),
    count(*) filter (where accounts.stage_code = 'declining'),
    count(*) filter (where accounts.stage_code = 'dormant'),
    count(*) filter (where accounts.stage_code = 'churned'),
    count(*) filter (where accounts.is_overdue),
    count(*) filter (where accounts.is_scored),
    count(*) filter (where accounts.band_code = (select band_code from high_risk)),
    count(*) filter (where accounts.is_listed),
    round(sum(accounts.expected_loss_amount), 2),
    round(
        cast(sum(nullif(accounts.churn_probability, 'NaN') * greatest(0, accounts.margin_365d_amount)) filter (
            where accounts.margin_365d_amount is not null
        ) as numeric), 2
    ),
    count(accounts.nps_rate),
    round(cast(avg(accounts.nps_rate) as numeric), 6),
    count(accounts.csat_rate),
    round(cast(avg(accounts.csat_rate) as numeric), 6),
    sum(accounts.complaints_365d_count),
    round(sum(accounts.white_space_amount), 4),
    %(as_of)s
from managers
left join accounts on managers.account_manager_id is not distinct from accounts.account_manager_id
group by managers.portfolio_key, managers.account_manager_id, managers.account_manager_name, managers.is_active
