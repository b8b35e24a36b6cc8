{%- set parts = ['departments', 'breadth', 'response', 'technical', 'record'] -%}
with rates as (select * from {{ ref('int_general_rates_measured') }}),

components as (select * from {{ ref('int_general_components_listed') }}),

scores as (select * from {{ ref('int_account_general_relationships_scored') }}),

levels as (select * from {{ ref('policy_relationship_general_levels') }}),

wide as (

    select
        {%- for part in parts %}
            max(case when component_code = '{{ part }}' then component_rate end)
                as {{ part }}_rate,
            max(case when component_code = '{{ part }}' then unknown_reason end)
                as {{ part }}_unknown_reason,
        {%- endfor %}
        account_id
    from components
    where is_current
    group by account_id

),

final as (

    select
        scores.account_id,
        scores.general_index,
        scores.general_level_code,
        levels.name_en as general_level_name_en,
        levels.name_zh as general_level_name_zh,
        scores.general_coverage_rate,
        scores.general_unknown_reason,
        {%- for part in parts %}
            wide.{{ part }}_rate,
            wide.{{ part }}_unknown_reason,
        {%- endfor %}
        rates.departments_target_count,
        rates.departments_covered_count,
        rates.contacts_known_count,
        rates.contacts_active_count,
        rates.contacts_target_count,
        rates.contacts_in_department_window_count - rates.contacts_placed_count
            as contacts_unplaced_count,
        rates.exchanges_judged_count as contacts_judged_count,
        rates.bids_specify_known_count,
        rates.bids_specified_count,
        rates.bids_ranked_count,
        {{ round_rate('rates.technical_rank_rate') }} as technical_rank_rate,
        rates.promises_count,
        rates.promises_kept_count,
        case when rates.has_complaints then rates.complaints_count end as complaints_count,
        {{ as_of_date() }} as as_of_date
    from scores
    inner join wide on scores.account_id = wide.account_id
    inner join rates
        on
            scores.account_id = rates.account_id
            and scores.snapshot_date = rates.snapshot_date
    left join levels on scores.general_level_code = levels.level_code
    where scores.is_current

)

select * from final
