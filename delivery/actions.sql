-- Fills fct_account_next_actions: who is at risk, in which order its manager calls, and what to do about it.
with listed_bands as (

    select distinct band_code
    from {schema}.policy_plays

),

active_managers as (

    select
        account_manager_id,
        covered_by_id
    from {schema}.dim_account_managers
    where coalesce(is_active, true)

),

held_out as (

    select distinct account_id
    from {schema}.fct_programme_assignments
    where arm = 'holdout'

),

-- Whom a programme leaves out by chance nobody is asked to call: else nothing could be told of what calls bring.
at_risk as (

    select
        scores.account_id,
        scores.band_code,
        scores.expected_loss_amount,
        scores.churn_percentile,
        coalesce(managers.covered_by_id, managers.account_manager_id, %(desk_id)s::text) as account_manager_id,
        managers.account_manager_id is not null as has_own_manager,
        stages.stage_code,
        tiers.tier_code,
        reasons.theme as reason_theme
    from {schema}.fct_churn_scores as scores
    inner join listed_bands on scores.band_code = listed_bands.band_code
    inner join {schema}.dim_accounts as accounts on scores.account_id = accounts.account_id
    left join active_managers as managers on accounts.account_manager_id = managers.account_manager_id
    left join {schema}.fct_account_lifecycle_months as stages
        on scores.account_id = stages.account_id and stages.is_current
    left join {schema}.fct_key_accounts as tiers on scores.account_id = tiers.account_id
    left join {schema}.policy_churn_reasons as reasons on scores.reason_1_code = reasons.reason_code
    where
        not coalesce(accounts.is_internal, false)
        and not exists (select 1 from held_out where held_out.account_id = scores.account_id)

),

ranked as (

    select
        at_risk.*,
        row_number() over (
            partition by at_risk.account_manager_id
            order by
                at_risk.expected_loss_amount desc nulls last,
                at_risk.churn_percentile desc nulls last,
                at_risk.account_id collate "C"
        ) as manager_rank
    from at_risk

),

-- A play that names the tier goes before one that names the reason, and both before one for the stage alone.
fitting as (

    select
        ranked.account_id,
        ranked.account_manager_id,
        ranked.manager_rank,
        plays.*,
        row_number() over (
            partition by ranked.account_id
            order by
                plays.tier_code is null,
                plays.theme is null,
                plays.stage_code is null,
                plays.play_code collate "C"
        ) as choice
    from ranked
    inner join {schema}.policy_plays as plays
        on
            ranked.band_code = plays.band_code
            and (plays.stage_code is null or ranked.stage_code = plays.stage_code)
            and (plays.tier_code is null or ranked.tier_code = plays.tier_code)
            and (plays.theme is null or ranked.reason_theme = plays.theme)

),

-- A play of which a manager can do so many a night goes to its first accounts that ask for it.
first_choices as (

    select
        fitting.*,
        row_number() over (
            partition by fitting.account_manager_id, fitting.play_code
            order by fitting.manager_rank
        ) as place_in_stock
    from fitting
    where fitting.choice = 1

),

chosen as (

    select distinct on (fitting.account_id)
        fitting.*,
        firsts.play_code as first_choice_play_code
    from fitting
    inner join first_choices as firsts on fitting.account_id = firsts.account_id
    where
        fitting.capacity_count is null
        or (fitting.choice = 1 and firsts.place_in_stock <= fitting.capacity_count)
    order by fitting.account_id, fitting.choice

)

insert into {schema}.fct_account_next_actions (
    account_id, account_manager_id, manager_rank, has_own_manager, band_code, stage_code, tier_code, reason_theme,
    play_code, play_name_en, play_name_zh, play_steps_en, play_steps_zh, basis_code, first_choice_play_code,
    is_out_of_stock, as_of_date
)
select
    ranked.account_id,
    ranked.account_manager_id,
    ranked.manager_rank,
    ranked.has_own_manager,
    ranked.band_code,
    ranked.stage_code,
    ranked.tier_code,
    ranked.reason_theme,
    chosen.play_code,
    chosen.name_en,
    chosen.name_zh,
    chosen.steps_en,
    chosen.steps_zh,
    case
        when chosen.play_code is null then null
        when chosen.tier_code is not null then 'tier'
        when chosen.theme is not null then 'reason'
        when chosen.stage_code is not null then 'stage'
        else 'band'
    end,
    coalesce(firsts.play_code, chosen.first_choice_play_code),
    coalesce(chosen.choice > 1 or chosen.play_code is null and firsts.play_code is not null, false),
    %(as_of)s
from ranked
left join chosen on ranked.account_id = chosen.account_id
left join first_choices as firsts on ranked.account_id = firsts.account_id
