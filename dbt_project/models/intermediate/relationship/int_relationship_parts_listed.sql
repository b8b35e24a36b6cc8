with composed as (select * from {{ ref('int_account_relationships_composed') }}),

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
        composed.account_id,
        'general' as dimension_code,
        components.component_code as part_code,
        'component' as part_kind,
        cast(components.component_rate as numeric(18, 6)) as part_value,
        cast(
            composed.general_share_rate * 100 * cast(components.component_rate as numeric(18, 6))
            * components.weight / known_weights.weight as numeric(18, 6)
        ) as part_points,
        composed.snapshot_date
    from composed
    inner join components
        on
            composed.account_id = components.account_id
            and composed.snapshot_date = components.snapshot_date
    left join known_weights
        on
            composed.account_id = known_weights.account_id
            and composed.snapshot_date = known_weights.snapshot_date
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
        from composed
    {%- endfor %}
    {%- for rate in ['identified_rate', 'covered_rate', 'supported_rate'] %}
        union all
        select
            account_id,
            'key' as dimension_code,
            '{{ rate }}' as part_code,
            'rate' as part_kind,
            cast({{ rate }} as numeric(18, 6)) as part_value,
            cast(null as numeric(18, 6)) as part_points,
            snapshot_date
        from key_side
    {%- endfor %}
    union all
    select
        account_id,
        'organisation' as dimension_code,
        gate_code as part_code,
        'gate' as part_kind,
        case when is_known then cast(is_met as int) end as part_value,
        cast(null as numeric(18, 6)) as part_points,
        snapshot_date
    from gates

)

select * from final
