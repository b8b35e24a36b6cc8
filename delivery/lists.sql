-- Fills fct_churn_lists: the accounts that list_states lists, with their scores, reasons and plays.
with ranked as (

    select
        scores.*,
        accounts.account_name,
        states.owner_id,
        states.account_manager_id as list_manager_id,
        states.list_rank,
        states.status_code,
        statuses.name_en as status_name_en,
        statuses.name_zh as status_name_zh,
        states.former_probability,
        states.former_band_code,
        states.status_code <> 'recovered' as is_open
    from {schema}.list_states as states
    inner join {schema}.dim_accounts as accounts on states.account_id = accounts.account_id
    left join {schema}.policy_list_statuses as statuses on states.status_code = statuses.status_code
    inner join {schema}.fct_churn_scores as scores on states.account_id = scores.account_id
    where states.is_listed

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
    where ranked.is_open and told.reason_code is not null

)

insert into {schema}.fct_churn_lists (
    account_manager_id, stands_in_for_id, rank, row_code, account_id, account_name,
    status_code, status_name_en, status_name_zh,
    stage_code, stage_name_en, stage_name_zh, abc_class,
    churn_probability, former_probability, band_code, band_name_en, band_name_zh, former_band_code,
    expected_loss_amount, margin_at_risk_amount, net_revenue_365d_amount, days_since_last_order, typical_gap_days,
    reason_1_code, reason_1_value, reason_1_peer_value, reason_1_text_en, reason_1_text_zh,
    reason_2_code, reason_2_value, reason_2_peer_value, reason_2_text_en, reason_2_text_zh,
    reason_3_code, reason_3_value, reason_3_peer_value, reason_3_text_en, reason_3_text_zh,
    play_code, play_name_en, play_name_zh, play_steps_en, play_steps_zh,
    method_code, is_new, as_of_date
)
select
    ranked.list_manager_id,
    nullif(ranked.owner_id, ranked.list_manager_id),
    ranked.list_rank,
    'GX-' || upper(left(encode(
        sha256(convert_to(ranked.list_manager_id || '|' || ranked.account_id, 'UTF8')), 'hex'
    ), 8)),
    ranked.account_id, ranked.account_name,
    ranked.status_code, ranked.status_name_en, ranked.status_name_zh,
    stages.stage_code, stages.stage_name_en, stages.stage_name_zh, abc.abc_class,
    nullif(ranked.churn_probability, 'NaN'), ranked.former_probability,
    ranked.band_code, bands.name_en, bands.name_zh, ranked.former_band_code,
    round(ranked.expected_loss_amount, 2), round(ranked.margin_at_risk_amount, 2),
    round(ranked.net_revenue_365d_amount, 2), stages.days_since_last_order, stages.typical_gap_days,
    first.reason_code, first.reason_value, first.peer_value, first.text_en, first.text_zh,
    second.reason_code, second.reason_value, second.peer_value, second.text_en, second.text_zh,
    third.reason_code, third.reason_value, third.peer_value, third.text_en, third.text_zh,
    actions.play_code, actions.play_name_en, actions.play_name_zh, actions.play_steps_en, actions.play_steps_zh,
    ranked.method_code, ranked.status_code = 'new', %(as_of)s
from ranked
left join stages on ranked.account_id = stages.account_id
left join {schema}.fct_account_abc as abc on ranked.account_id = abc.account_id
left join {schema}.policy_churn_bands as bands on ranked.band_code = bands.band_code
left join {schema}.fct_account_next_actions as actions on ranked.account_id = actions.account_id and ranked.is_open
left join reasons as first on ranked.account_id = first.account_id and first.place = 1
left join reasons as second on ranked.account_id = second.account_id and second.place = 2
left join reasons as third on ranked.account_id = third.account_id and third.place = 3
