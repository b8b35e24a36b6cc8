{#- Every measure of value, loyalty and potential. What is counted is 0 where nothing was
    counted, but null where no source could have told of it. -#}
{%- set parts = {
    'rated': 'int_account_trade_rated',
    'margins': 'int_account_margins_measured',
    'payments': 'int_account_payments_measured',
    'referrals': 'int_account_referrals_measured',
    'voices': 'int_account_voices_measured',
    'openness': 'int_account_openness_measured',
    'willingness': 'int_account_willingness_measured',
    'wallets': 'int_account_wallets_estimated',
    'white_space': 'int_account_white_space_measured',
} -%}
with trade as (

    select * from {{ ref('int_account_trade_measured') }}

),

inputs as (

    select * from {{ ref('int_value_inputs_checked') }}

),

contract_months as (

    select * from {{ ref('int_contract_months_summed') }}

),

{% for part, model in parts.items() %}
    {{ part }} as (

        select * from {{ ref(model) }}

    ),

{% endfor %}
final as (

    select
        trade.account_id,
        trade.net_revenue_365d_amount,
        trade.net_revenue_prior_365d_amount,
        trade.order_days_365d_count,
        trade.months_with_order_count,
        trade.first_order_date,
        rated.tenure_days,
        rated.months_observed_count,
        rated.growth_rate,
        rated.average_order_amount,
        rated.repeat_rate,
        rated.months_with_order_rate,
        rated.retention_rate,
        rated.clv_amount,
        rated.clv_months_count,
        margins.margin_365d_amount,
        margins.margin_prior_365d_amount,
        margins.margin_coverage_rate,
        case when inputs.has_contracts then contract_months.mrr_amount end as mrr_amount,
        case when inputs.has_payments then payments.payment_days end as payment_days,
        case when inputs.has_payments then payments.paid_late_rate end as paid_late_rate,
        case when inputs.has_referrals then coalesce(referrals.referrals_count, 0) end
            as referrals_count,
        case when inputs.has_referrals then coalesce(referrals.referrals_won_count, 0) end
            as referrals_won_count,
        case
            when inputs.has_referrals and inputs.has_order_lines
                then coalesce(referrals.referral_revenue_amount, 0)
        end as referral_revenue_amount,
        coalesce(voices.nps_answers_count, 0) as nps_answers_count,
        voices.nps_rate,
        coalesce(voices.csat_answers_count, 0) as csat_answers_count,
        voices.csat_rate,
        case when inputs.has_complaints then coalesce(voices.complaints_count, 0) end
            as complaints_count,
        case
            when inputs.has_complaints
                then
                    coalesce(cast(voices.complaints_count as {{ type_double() }}), 0)
                    / nullif(trade.order_days_365d_count, 0)
        end as complaints_per_order_day,
        wallets.wallet_method,
        wallets.wallet_amount,
        wallets.wallet_peers_count,
        wallets.wallet_group is not null as has_wallet_peers,
        -- least() and greatest() pass nulls over
        case
            when trade.net_revenue_365d_amount is not null and wallets.wallet_amount > 0
                then cast(
                    least(1, greatest(0, trade.net_revenue_365d_amount) / wallets.wallet_amount)
                    as {{ type_double() }}
                )
        end as share_of_wallet_rate,
        case
            when trade.net_revenue_365d_amount is not null and wallets.wallet_amount is not null
                then greatest(
                    0, wallets.wallet_amount - greatest(0, trade.net_revenue_365d_amount)
                )
        end as wallet_gap_amount,
        white_space.white_space_amount,
        white_space.white_space_categories_count,
        case when inputs.has_opportunities then coalesce(openness.pipeline_amount, 0) end
            as pipeline_amount,
        case when inputs.has_opportunities then coalesce(openness.weighted_pipeline_amount, 0) end
            as weighted_pipeline_amount,
        case
            when inputs.has_opportunities
                then coalesce(openness.unweighted_opportunities_count, 0)
        end as unweighted_opportunities_count,
        willingness.contacts_count,
        willingness.reply_rate,
        willingness.meetings_kept_rate,
        willingness.willingness_rate,
        inputs.*
    from trade
    inner join inputs on trade.snapshot_date = inputs.snapshot_date
    left join contract_months
        on
            trade.account_id = contract_months.account_id
            and trade.snapshot_date = contract_months.counted_date
    {%- for part in parts %}
        left join {{ part }}
            on
                trade.account_id = {{ part }}.account_id
                and trade.snapshot_date = {{ part }}.snapshot_date
    {%- endfor %}

)

select * from final
