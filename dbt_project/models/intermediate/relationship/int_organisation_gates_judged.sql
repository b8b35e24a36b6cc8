with measures as (select * from {{ ref('int_organisation_measures_listed') }}),

conditions as (select * from {{ ref('policy_relationship_gate_conditions') }}),

gates as (select * from {{ ref('policy_relationship_gates') }}),

levels as (select * from {{ ref('policy_relationship_organisation_levels') }}),

judged as (

    select
        measures.account_id,
        conditions.gate_code,
        conditions.measure_code,
        conditions.needed_value,
        conditions.is_at_most,
        measures.measure_value,
        measures.is_stated,
        measures.reason_for_none,
        case
            when conditions.is_at_most then measures.measure_value <= conditions.needed_value
            else measures.measure_value >= conditions.needed_value
        end as is_met,
        measures.is_current,
        measures.snapshot_date
    from measures
    inner join conditions on measures.measure_code = conditions.measure_code

),

-- one measure of several is enough; what is known decides, and what is met before it
placed as (

    select
        *,
        row_number() over (
            partition by account_id, gate_code, snapshot_date
            order by
                case when is_met then 1 when not is_met then 2 else 3 end asc,
                case when reason_for_none = 'not_stated' then 2 else 1 end asc,
                measure_code asc
        ) as place
    from judged

),

final as (

    select
        placed.account_id,
        placed.gate_code,
        gates.level_code,
        levels.position as level_position,
        gates.position as gate_position,
        placed.measure_code,
        placed.measure_value as seen_value,
        placed.needed_value,
        placed.is_at_most,
        placed.is_stated,
        coalesce(placed.is_met, false) as is_met,
        placed.is_met is not null as is_known,
        case when placed.is_met is null then placed.reason_for_none end as unknown_reason,
        placed.is_current,
        placed.snapshot_date
    from placed
    inner join gates on placed.gate_code = gates.gate_code
    inner join levels on gates.level_code = levels.level_code
    where placed.place = 1

)

select * from final
