-- Fills fct_churn_lists and answers with the counts of the report. One statement, so that both see the same rows.
with default_capacity as (

    select cast(cast(value as numeric) as integer) as list_capacity
    from {schema}.policy_parameters
    where parameter = 'list_capacity'

),

-- A band is listed when policy has a play for it; an account of a listed band is never dropped for want of one.
listed_bands as (

    select distinct band_code
    from {schema}.policy_plays

),

active_managers as (

    select account_manager_id, list_capacity
    from {schema}.dim_account_managers
    where coalesce(is_active, true)

),

held_out as (

    select distinct account_id
    from {schema}.fct_programme_assignments
    where arm = 'holdout'

),

at_risk as (

    select
        scores.*,
        accounts.account_name,
        managers.account_manager_id is null as is_ownerless,
        coalesce(managers.account_manager_id, %(desk_id)s::text) as list_manager_id,
        held_out.account_id is not null as is_held_out
    from {schema}.fct_churn_scores as scores
    inner join listed_bands on scores.band_code = listed_bands.band_code
    inner join {schema}.dim_accounts as accounts on scores.account_id = accounts.account_id
    left join active_managers as managers on accounts.account_manager_id = managers.account_manager_id
    left join held_out on scores.account_id = held_out.account_id
    where not coalesce(accounts.is_internal, false)

),

-- Whom a programme leaves out by chance nobody is asked to call: else nothing could be told of what calls bring.
candidates as (

    select *
    from at_risk
    where not is_held_out

),

ranked as (

    select
        candidates.*,
        coalesce(active_managers.list_capacity, default_capacity.list_capacity) as list_capacity,
        row_number() over (
            partition by candidates.list_manager_id
            order by
                candidates.expected_loss_amount desc nulls last,
                candidates.churn_percentile desc nulls last,
                candidates.account_id collate "C"
        ) as list_rank
    from candidates
    cross join default_capacity
    left join active_managers on candidates.list_manager_id = active_managers.account_manager_id
    where candidates.list_manager_id is not null

),

stages as (

    select
        months.account_id,
        months.stage_code,
        months.stage_name_en,
        months.stage_name_zh,
        months.days_since_last_order,
        months.typical_gap_days
    from {schema}.fct_account_lifecycle_months as months
    where months.is_current

),

-- A reason is told as a sentence with both numbers in it.
reasons as (

    select
        ranked.account_id,
        told.place,
        told.reason_code,
        told.reason_value,
        told.peer_value,
        replace(replace(policy.text_en, '{{value}}', shown.value_text), '{{peer}}', shown.peer_text) as text_en,
        replace(replace(policy.text_zh, '{{value}}', shown.value_text), '{{peer}}', shown.peer_text) as text_zh
    from ranked
    cross join lateral (
        values
        (1, ranked.reason_1_code, ranked.reason_1_value, ranked.reason_1_peer_value),
        (2, ranked.reason_2_code, ranked.reason_2_value, ranked.reason_2_peer_value),
        (3, ranked.reason_3_code, ranked.reason_3_value, ranked.reason_3_peer_value)
    ) as told (place, reason_code, reason_value, peer_value)
    left join {schema}.policy_churn_reasons as policy on told.reason_code = policy.reason_code
    cross join lateral (
        select
            {value_text} as value_text,
            {peer_text} as peer_text
    ) as shown
    where ranked.list_rank <= ranked.list_capacity and told.reason_code is not null

),

inserted as (

    insert into {schema}.fct_churn_lists (
        account_manager_id, rank, account_id, account_name,
        stage_code, stage_name_en, stage_name_zh, abc_class,
        churn_probability, band_code, band_name_en, band_name_zh,
        expected_loss_amount, net_revenue_365d_amount, days_since_last_order, typical_gap_days,
        reason_1_code, reason_1_value, reason_1_peer_value, reason_1_text_en, reason_1_text_zh,
        reason_2_code, reason_2_value, reason_2_peer_value, reason_2_text_en, reason_2_text_zh,
        reason_3_code, reason_3_value, reason_3_peer_value, reason_3_text_en, reason_3_text_zh,
        play_code, play_name_en, play_name_zh, play_steps_en, play_steps_zh,
        method_code, is_new, as_of_date
    )
    select
        ranked.list_manager_id, ranked.list_rank, ranked.account_id, ranked.account_name,
        stages.stage_code, stages.stage_name_en, stages.stage_name_zh, abc.abc_class,
        nullif(ranked.churn_probability, 'NaN'), ranked.band_code, bands.name_en, bands.name_zh,
        round(ranked.expected_loss_amount, 2), round(ranked.net_revenue_365d_amount, 2),
        stages.days_since_last_order, stages.typical_gap_days,
        first.reason_code, first.reason_value, first.peer_value, first.text_en, first.text_zh,
        second.reason_code, second.reason_value, second.peer_value, second.text_en, second.text_zh,
        third.reason_code, third.reason_value, third.peer_value, third.text_en, third.text_zh,
        plays.play_code, plays.name_en, plays.name_zh, plays.steps_en, plays.steps_zh,
        ranked.method_code,
        not exists (
            select 1 from ops.listed_before(%(gen)s) as before
            where
                before.account_manager_id = ranked.list_manager_id
                and before.account_id = ranked.account_id
        ),
        %(as_of)s
    from ranked
    left join stages on ranked.account_id = stages.account_id
    left join {schema}.fct_account_abc as abc on ranked.account_id = abc.account_id
    left join {schema}.policy_churn_bands as bands on ranked.band_code = bands.band_code
    left join {schema}.policy_plays as plays
        on ranked.band_code = plays.band_code and stages.stage_code = plays.stage_code
    left join reasons as first on ranked.account_id = first.account_id and first.place = 1
    left join reasons as second on ranked.account_id = second.account_id and second.place = 2
    left join reasons as third on ranked.account_id = third.account_id and third.place = 3
    where ranked.list_rank <= ranked.list_capacity
    returning account_manager_id, is_new

)

select
    (select count(distinct account_manager_id) from inserted) as managers_count,
    (select count(*) from inserted) as rows_count,
    (select count(*) from inserted where is_new) as new_count,
    (select count(*) from ranked where is_ownerless and list_rank <= list_capacity) as desk_count,
    (select count(*) from candidates where list_manager_id is null) as unowned_count,
    (select count(*) from ranked where list_rank > list_capacity) as over_capacity_count,
    (select count(*) from at_risk where is_held_out) as held_out_count
