with windows as (select * from {{ ref('int_churn_windows_compared') }}),

contract_labels as (select * from {{ ref('int_contract_churn_judged') }}),

churn_kinds as (select * from {{ ref('int_churn_kinds_chosen') }}),

policy as ({{ policy_values(['partial_churn_rate']) }}),

labels as (
    {% for kind, (population, is_churned) in {
        'fixed_window': ["is_active and category = ''", 'not has_ordered'],
        'own_rhythm': ['is_in_rhythm', 'coalesce(silent_days > churn_limit_days, true)'],
        'partial': [
            'is_active and usual_amount > 0',
            'net_revenue_amount < partial_churn_rate * usual_amount',
        ],
    }.items() %}
        select
            account_id,
            category,
            '{{ kind }}' as churn_kind,
            {{ is_churned }} as is_churned,
            cast(null as boolean) as is_voluntary,
            cast(null as {{ type_text() }}) as churn_reason,
            closes_on,
            snapshot_date
        from windows
        cross join policy
        where {{ population }}

        union all
    {% endfor %}
    select
        account_id,
        '' as category,
        'contractual' as churn_kind,
        is_churned,
        is_voluntary,
        reason as churn_reason,
        closes_on,
        snapshot_date
    from contract_labels

),

final as (

    select
        labels.account_id || '|' || labels.category || '|' || labels.churn_kind
        || '|' || labels.snapshot_date as churn_label_key,
        labels.account_id,
        nullif(labels.category, '') as category,
        labels.churn_kind,
        churn_kinds.is_scored and labels.category = '' as is_scored,
        labels.is_churned,
        labels.is_voluntary,
        labels.churn_reason,
        labels.closes_on,
        labels.snapshot_date,
        {{ as_of_date() }} as as_of_date
    from labels
    inner join churn_kinds on labels.churn_kind = churn_kinds.churn_kind

)

select * from final
