with asked as (select * from {{ ref('int_account_relationships_asked') }}),

days as (select * from {{ ref('int_relationship_days_compared') }}),

components as (select * from {{ ref('int_general_components_listed') }}),

gates as (select * from {{ ref('int_organisation_gates_judged') }}),

key_side as (select * from {{ ref('int_account_key_relationships_measured') }}),

known_weights as (

    select
        account_id,
        sum(weight) as weight,
        snapshot_date
    from components
    where component_rate is not null
    group by
        account_id,
        snapshot_date

),

-- what each part brings to the composite; gates and rates explain, and bring nothing
final as (

    select
        asked.account_id,
        'general' as dimension_code,
        components.component_code as part_code,
        'component' as part_kind,
        cast(components.component_rate as numeric(18, 6)) as part_value,
        cast(
            asked.general_share_rate * 100 * cast(components.component_rate as numeric(18, 6))
            * components.weight / known_weights.weight as numeric(18, 6)
        ) as part_points,
        asked.snapshot_date
    from asked
    inner join components
        on
            asked.account_id = components.account_id
            and asked.snapshot_date = components.snapshot_date
    left join known_weights
        on
            asked.account_id = known_weights.account_id
            and asked.snapshot_date = known_weights.snapshot_date
    {%- for dimension in ['key', 'organisation'] %}
        union all
        select
            account_id,
            '{{ dimension }}' as dimension_code,
            '{{ dimension }}_index' as part_code,
            'index' as part_kind,
            cast({{ dimension }}_index as numeric(18, 6)) as part_value,
            cast({{ dimension }}_share_rate * {{ dimension }}_index as numeric(18, 6))
                as part_points,
            snapshot_date
        from asked
    {%- endfor %}
    {%- for rate in ['identified_rate', 'covered_rate', 'supported_rate'] %}
        union all
        select
            asked.account_id,
            'key' as dimension_code,
            '{{ rate }}' as part_code,
            'rate' as part_kind,
            cast(key_side.{{ rate }} as numeric(18, 6)) as part_value,
            cast(null as numeric(18, 6)) as part_points,
            asked.snapshot_date
        from asked
        inner join key_side
            on
                asked.account_id = key_side.account_id
                and asked.snapshot_date = key_side.snapshot_date
    {%- endfor %}
    union all
    select
        asked.account_id,
        'organisation' as dimension_code,
        gates.gate_code as part_code,
        'gate' as part_kind,
        case when gates.is_known then cast(gates.is_met as int) end as part_value,
        cast(null as numeric(18, 6)) as part_points,
        asked.snapshot_date
    from asked
    inner join gates
        on
            asked.account_id = gates.account_id
            and asked.snapshot_date = gates.snapshot_date

)

{{ final_and_carried('days') }}
