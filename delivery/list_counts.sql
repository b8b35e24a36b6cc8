-- The counts of the report, over what list_states says of each account.
select
    count(distinct states.account_manager_id) filter (where states.is_listed) as managers_count,
    count(*) filter (where states.is_listed and states.status_code <> 'recovered') as rows_count,
    count(*) filter (where states.is_listed and states.status_code = 'new') as new_count,
    count(*) filter (where states.is_listed and states.status_code = 'worsened') as worsened_count,
    count(*) filter (where states.is_listed and states.status_code = 'recovered') as recovered_count,
    count(*) filter (where states.is_listed and states.owner_id <> states.account_manager_id) as stood_in_count,
    count(*) filter (where states.is_listed and not actions.has_own_manager) as desk_count,
    (
        select count(*) from {schema}.fct_account_next_actions where account_manager_id is null
    ) as unowned_count,
    count(*) filter (
        where not states.is_listed and not states.is_resting and not states.is_snoozed
    ) as over_capacity_count,
    count(*) filter (where states.is_snoozed) as snoozed_count,
    count(*) filter (where states.is_resting and not states.is_snoozed) as resting_count,
    (
        select count(distinct scores.account_id)
        from {schema}.fct_churn_scores as scores
        inner join {schema}.dim_accounts as accounts
            on scores.account_id = accounts.account_id and not coalesce(accounts.is_internal, false)
        inner join {schema}.fct_programme_assignments as held_out
            on scores.account_id = held_out.account_id and held_out.arm = 'holdout'
        where scores.band_code in (select band_code from {schema}.policy_plays)
    ) as held_out_count
from {schema}.list_states as states
left join {schema}.fct_account_next_actions as actions on states.account_id = actions.account_id
