with judged as (select * from {{ ref('int_organisation_gates_judged') }}),

gates as (select * from {{ ref('policy_relationship_gates') }}),

levels as (select * from {{ ref('policy_relationship_organisation_levels') }}),

measures as (select * from {{ ref('policy_relationship_measures') }}),

reasons as (select * from {{ ref('policy_unknown_reasons') }}),

final as (

    select
        judged.account_id || '|' || judged.gate_code as organisation_gate_key,
        judged.account_id,
        judged.gate_code,
        gates.name_en as gate_name_en,
        gates.name_zh as gate_name_zh,
        judged.level_code,
        levels.name_en as level_name_en,
        levels.name_zh as level_name_zh,
        judged.level_position,
        judged.gate_position,
        judged.is_met,
        judged.is_known,
        judged.measure_code,
        measures.name_en as measure_name_en,
        measures.name_zh as measure_name_zh,
        judged.seen_value,
        cast(judged.needed_value as numeric(18, 6)) as needed_value,
        judged.is_at_most,
        judged.is_stated,
        judged.unknown_reason,
        reasons.text_en as unknown_text_en,
        reasons.text_zh as unknown_text_zh,
        {{ as_of_date() }} as as_of_date
    from judged
    inner join gates on judged.gate_code = gates.gate_code
    inner join levels on judged.level_code = levels.level_code
    inner join measures on judged.measure_code = measures.measure_code
    left join reasons on judged.unknown_reason = reasons.unknown_reason
    where judged.is_current

)

select * from final
