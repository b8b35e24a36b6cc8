-- Fills list_states: whose each account is, how it stands beside what was told before, and its place tonight.
with parameters as (

    select
        max(value) filter (where parameter = 'list_capacity') as list_capacity,
        max(value) filter (where parameter = 'list_worsened_points') as worsened_points,
        max(value) filter (where parameter = 'list_shown_days') as shown_days,
        max(value) filter (where parameter = 'list_cooldown_days') as cooldown_days,
        max(value) filter (where parameter = 'list_memory_days') as memory_days
    from {schema}.policy_parameters

),

owners as (

    select
        accounts.account_id,
        coalesce(managers.account_manager_id, %(desk_id)s::text) as owner_id,
        coalesce(managers.covered_by_id, managers.account_manager_id, %(desk_id)s::text) as account_manager_id,
        managers.stands_in_id
    from {schema}.dim_accounts as accounts
    left join {schema}.dim_account_managers as managers
        on accounts.account_manager_id = managers.account_manager_id and coalesce(managers.is_active, true)
    where
        not coalesce(accounts.is_internal, false)
        and accounts.merged_into_account_id is null
        and not exists (
            select 1 from {schema}.fct_programme_assignments as held_out
            where held_out.account_id = accounts.account_id and held_out.arm = 'holdout'
        )

),

-- the newest answer of a manager counts: who called since does not snooze any more
answers as (

    select distinct on (account_id, account_manager_id)
        account_id,
        account_manager_id,
        snoozed_until
    from ops.feedback_before(%(gen)s)
    order by account_id, account_manager_id, told_at desc, feedback_id desc

),

compared as (

    select
        owners.*,
        actions.manager_rank,
        actions.account_id is not null as is_at_risk,
        scores.expected_loss_amount,
        told.latest_status_code,
        told.changed_date,
        told.churn_probability as told_probability,
        told.band_code as told_band_code,
        coalesce(told.is_last_list or %(as_of)s - told.latest_date <= parameters.memory_days, false) as is_remembered,
        coalesce(
            nullif(scores.churn_probability, 'NaN') - told.churn_probability >= parameters.worsened_points - 1e-9, false
        ) or coalesce(bands.probability_from > told_bands.probability_from, false) as is_worse,
        coalesce(scores.band_code not in (select band_code from {schema}.policy_plays), false) as is_safe,
        -- who is under contract has not recovered by ordering
        coalesce(stages.days_since_last_order < %(as_of)s - told.latest_date, false) and not exists (
            select 1 from {schema}.int_churn_kinds_chosen as kinds
            where kinds.is_scored and kinds.churn_kind = 'contractual'
        ) as has_bought,
        coalesce(
            told.mails_count >= parameters.shown_days
            and %(as_of)s - told.last_mailed_date < parameters.cooldown_days, false
        ) as was_shown_enough,
        coalesce(%(as_of)s - told.latest_date < parameters.cooldown_days, false) as was_told_lately,
        exists (
            select 1 from answers
            where
                answers.account_id = owners.account_id
                and answers.account_manager_id in (owners.owner_id, owners.stands_in_id)
                and answers.snoozed_until >= %(as_of)s
        ) as is_snoozed
    from owners
    cross join parameters
    inner join {schema}.fct_churn_scores as scores on owners.account_id = scores.account_id
    left join {schema}.fct_account_next_actions as actions on owners.account_id = actions.account_id
    left join {schema}.fct_account_lifecycle_months as stages
        on owners.account_id = stages.account_id and stages.is_current
    -- whoever takes an account over has been told nothing of it
    left join {schema}.list_told as told
        on owners.account_id = told.account_id and coalesce(told.owner_id, owners.owner_id) = owners.owner_id
    left join {schema}.policy_churn_bands as bands on scores.band_code = bands.band_code
    left join {schema}.policy_churn_bands as told_bands on told.band_code = told_bands.band_code
    where owners.account_manager_id is not null and (actions.account_id is not null or told.account_id is not null)

),

judged as (

    select
        compared.*,
        case
            when is_remembered and latest_status_code <> 'recovered' and (has_bought or is_safe) then 'recovered'
            when not is_at_risk then null
            when not is_remembered or latest_status_code = 'recovered' then 'new'
            when is_worse then 'worsened'
            else 'still_open'
        end as status_code
    from compared

),

rested as (

    select
        judged.*,
        is_snoozed and status_code <> 'recovered' as is_put_off,
        status_code <> 'recovered' and not is_worse and (
            (status_code = 'still_open' and was_shown_enough)
            or (coalesce(latest_status_code, '') = 'recovered' and was_told_lately)
        ) as is_resting
    from judged
    where status_code is not null

),

-- Good news takes nobody's place.
placed as (

    select
        rested.*,
        row_number() over (
            partition by account_manager_id, status_code = 'recovered', is_resting or is_put_off
            order by manager_rank, expected_loss_amount desc nulls last, account_id collate "C"
        ) as place
    from rested

),

-- A stand-in can call as many as both: the absent person's work comes with the time that it takes.
capacities as (

    select
        managers.account_manager_id,
        coalesce(managers.list_capacity, parameters.list_capacity) + coalesce((
            select sum(coalesce(absent.list_capacity, parameters.list_capacity))
            from {schema}.dim_account_managers as absent
            where absent.covered_by_id = managers.account_manager_id
        ), 0) as list_capacity
    from {schema}.dim_account_managers as managers
    cross join parameters
    where coalesce(managers.is_active, true)

),

fitted as (

    select
        placed.*,
        not (is_resting or is_put_off) and (
            status_code = 'recovered' or place <= coalesce(capacities.list_capacity, parameters.list_capacity)
        ) as is_listed
    from placed
    cross join parameters
    left join capacities on placed.account_manager_id = capacities.account_manager_id

)

insert into {schema}.list_states (
    account_id, owner_id, account_manager_id, status_code, former_probability, former_band_code, changed_date,
    is_snoozed, is_resting, is_listed, list_rank
)
select
    account_id,
    owner_id,
    account_manager_id,
    status_code,
    told_probability,
    told_band_code,
    changed_date,
    is_put_off,
    is_resting,
    is_listed,
    case when is_listed then row_number() over (
        partition by account_manager_id, is_listed
        order by status_code = 'recovered', place
    ) end
from fitted
