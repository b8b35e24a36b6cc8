-- Fills fct_churn_lists and answers with the counts of the report. One statement, so that both see the same rows.
with default_capacity as (

    select cast(cast(value as numeric) as integer) as list_capacity
    from {schema}.policy_parameters
    where parameter = 'list_capacity'

),

-- The order of the calls stands with what to do in each (actions.sql).
ranked as (

    select
        scores.*,
        accounts.account_name,
        actions.account_manager_id as list_manager_id,
        actions.manager_rank as list_rank,
        actions.has_own_manager,
        actions.play_code,
        actions.play_name_en,
        actions.play_name_zh,
        actions.play_steps_en,
        actions.play_steps_zh,
        coalesce(managers.list_capacity, default_capacity.list_capacity) as list_capacity
    from {schema}.fct_account_next_actions as actions
    cross join default_capacity
    inner join {schema}.fct_churn_scores as scores on actions.account_id = scores.account_id
    inner join {schema}.dim_accounts as accounts on actions.account_id = accounts.account_id
    left join {schema}.dim_account_managers as managers
        on actions.account_manager_id = managers.account_manager_id and coalesce(managers.is_active, true)
    where actions.account_manager_id is not null

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
        ranked.play_code, ranked.play_name_en, ranked.play_name_zh, ranked.play_steps_en, ranked.play_steps_zh,
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
    (select count(*) from ranked where not has_own_manager and list_rank <= list_capacity) as desk_count,
    (
        select count(*) from {schema}.fct_account_next_actions where account_manager_id is null
    ) as unowned_count,
    (select count(*) from ranked where list_rank > list_capacity) as over_capacity_count,
    (
        select count(distinct scores.account_id)
        from {schema}.fct_churn_scores as scores
        inner join {schema}.dim_accounts as accounts
            on scores.account_id = accounts.account_id and not coalesce(accounts.is_internal, false)
        inner join {schema}.fct_programme_assignments as held_out
            on scores.account_id = held_out.account_id and held_out.arm = 'holdout'
        where scores.band_code in (select band_code from {schema}.policy_plays)
    ) as held_out_count
