{#- Why a measure is not known: the source that must tell of it, and what else is missing. -#}
{%- set measures = {
    'overdue_ratio': ('facts.has_order_lines', 'never_ordered'),
    'spend_trend_rate': ('facts.has_order_lines', 'half_years_not_comparable'),
    'reply_in_target_rate': ('facts.has_replies', 'no_ticket_judged'),
    'resolution_in_target_rate': ('facts.has_resolutions', 'no_ticket_judged'),
    'complaint_rate': ('facts.has_complaints and facts.has_order_lines', 'no_order_in_year'),
    'days_late': ('facts.has_dues and facts.has_payments', 'nothing_due'),
    'relationship_index': ('true', 'too_little_known'),
    'nps_rate': ('facts.has_nps', 'no_answer'),
    'csat_rate': ('facts.has_csat', 'no_answer'),
    'contract_days_left': ('facts.has_contracts', 'no_contract_lately'),
    'renewal_rate': ('facts.has_contracts', 'too_few_cases'),
} -%}
with facts as (select * from {{ ref('int_health_facts_joined') }}),

measures as (select * from {{ ref('policy_health_measures') }}),

listed as (

    select
        facts.account_id,
        measures.group_code,
        measures.measure_code,
        measures.position,
        measures.weight,
        measures.worst_value,
        measures.best_value,
        case measures.measure_code
            {%- for measure in measures %}
                when '{{ measure }}' then cast(facts.{{ measure }} as numeric(18, 6))
            {%- endfor %}
        end as measure_value,
        case
            {%- for measure, (input, reason) in measures.items() %}
                when measures.measure_code = '{{ measure }}'
                    then case when {{ input }} then '{{ reason }}' else 'no_source' end
            {%- endfor %}
        end as reason_for_none,
        facts.is_current,
        facts.snapshot_date
    from facts
    cross join measures

),

final as (

    select
        account_id,
        group_code,
        measure_code,
        position,
        weight,
        measure_value,
        -- without the condition, least and greatest would make 0 of what is not known
        cast(case
            when measure_value is not null
                then round(
                    100 * least(
                        1,
                        greatest(0, (measure_value - worst_value) / (best_value - worst_value))
                    ),
                    6
                )
        end as numeric(18, 6)) as points,
        case when measure_value is null then reason_for_none end as unknown_reason,
        is_current,
        snapshot_date
    from listed

)

select * from final
