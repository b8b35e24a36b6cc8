{#- Every measure of value, loyalty and potential. What is counted is 0 where nothing was
    counted, but null where no source could have told of it. -#}
{%- set passed = {
    'trade': [
        'account_id', 'net_revenue_365d_amount', 'net_revenue_prior_365d_amount',
        'order_days_365d_count', 'months_with_order_count', 'first_order_date',
    ],
    'rated': [
        'tenure_days', 'months_observed_count', 'growth_rate', 'average_order_amount',
        'repeat_rate', 'months_with_order_rate', 'retention_rate', 'clv_amount', 'clv_months_count',
    ],
    'margins': ['margin_365d_amount', 'margin_prior_365d_amount', 'margin_coverage_rate'],
    'voices': ['nps_rate', 'csat_rate'],
    'wallets': ['wallet_method', 'wallet_amount', 'wallet_peers_count'],
    'white_space': ['white_space_amount', 'white_space_categories_count'],
    'willingness': ['contacts_count', 'reply_rate', 'meetings_kept_rate', 'willingness_rate'],
} -%}
{%- set counted = {
    'referrals_count': ('referrals', 'referrals'),
    'referrals_won_count': ('referrals', 'referrals'), 'complaints_count': ('voices', 'complaints'),
    'pipeline_amount': ('openness', 'opportunities'),
    'weighted_pipeline_amount': ('openness', 'opportunities'),
    'unweighted_opportunities_count': ('openness', 'opportunities'),
} -%}
{%- set parts = {
    'rated': 'int_account_trade_rated', 'margins': 'int_account_margins_measured',
    'payments': 'int_account_payments_measured', 'referrals': 'int_account_referrals_measured',
    'voices': 'int_account_voices_measured', 'openness': 'int_account_openness_measured',
    'willingness': 'int_account_willingness_measured', 'wallets': 'int_account_wallets_estimated',
    'white_space': 'int_account_white_space_measured',
} -%}
with trade as (select * from {{ ref('int_account_trade_measured') }}),

inputs as (select * from {{ ref('int_value_inputs_checked') }}),

contract_months as (select * from {{ ref('int_contract_months_summed') }}),

{% for part, model in parts.items() %}
    {{ part }} as (select * from {{ ref(model) }}),

{% endfor %}
final as (

    select
        {%- for part, columns in passed.items() %}
            {%- for column in columns %}
                {{ part }}.{{ column }},
            {%- endfor %}
        {%- endfor %}
        case when inputs.has_contracts then contract_months.mrr_amount end as mrr_amount,
        case when inputs.has_payments then payments.payment_days end as payment_days,
        case when inputs.has_payments then payments.paid_late_rate end as paid_late_rate,
        {%- for column, (part, entity) in counted.items() %}
            case when inputs.has_{{ entity }} then coalesce({{ part }}.{{ column }}, 0) end
                as {{ column }},
        {%- endfor %}
        case
            when inputs.has_referrals and inputs.has_order_lines
                then coalesce(referrals.referral_revenue_amount, 0)
        end as referral_revenue_amount,
        coalesce(voices.nps_answers_count, 0) as nps_answers_count,
        coalesce(voices.csat_answers_count, 0) as csat_answers_count,
        case
            when inputs.has_complaints
                then
                    coalesce(cast(voices.complaints_count as {{ type_double() }}), 0)
                    / nullif(trade.order_days_365d_count, 0)
        end as complaints_per_order_day,
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
