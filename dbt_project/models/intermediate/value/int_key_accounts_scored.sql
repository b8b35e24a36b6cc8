{%- set dimensions = ['value', 'loyalty', 'potential'] -%}
with components as (select * from {{ ref('int_key_account_components_ranked') }}),

dimension_weights as (select * from {{ ref('policy_key_account_dimensions') }}),

policy as ({{ policy_values(['key_account_coverage_minimum']) }}),

-- What is unknown takes its weight out of the sum, so that it is neither good nor bad.
rated as (

    select
        account_id,
        dimension_code,
        sum(weight * peer_rate)
        / nullif(sum(case when peer_rate is not null then weight else 0 end), 0)
            as dimension_rate,
        cast(
            sum(case when peer_rate is not null then weight else 0 end) / sum(weight)
            as {{ type_double() }}
        ) as coverage_rate,
        is_current,
        snapshot_date
    from components
    group by
        account_id,
        dimension_code,
        is_current,
        snapshot_date

),

scored as (

    select
        rated.account_id,
        {%- for dimension in dimensions %}
            max(case when rated.dimension_code = '{{ dimension }}' then rated.dimension_rate end)
                as {{ dimension }}_rate,
        {%- endfor %}
        sum(dimension_weights.weight * rated.dimension_rate)
        / nullif(
            sum(
                case when rated.dimension_rate is not null then dimension_weights.weight else 0 end
            ),
            0
        ) as score_rate,
        sum(dimension_weights.weight * rated.coverage_rate) / sum(dimension_weights.weight)
            as coverage_rate,
        rated.is_current,
        rated.snapshot_date
    from rated
    inner join dimension_weights on rated.dimension_code = dimension_weights.dimension_code
    group by
        rated.account_id,
        rated.is_current,
        rated.snapshot_date

),

final as (

    select
        scored.account_id,
        {%- for dimension in dimensions %}
            {{ round_rate('scored.' ~ dimension ~ '_rate') }} as {{ dimension }}_rate,
        {%- endfor %}
        {{ round_rate('scored.score_rate') }} as score_rate,
        {{ round_rate('scored.coverage_rate') }} as coverage_rate,
        scored.value_rate is not null
        and {{ round_rate('scored.coverage_rate') }} >= policy.key_account_coverage_minimum
            as is_rated,
        scored.is_current,
        scored.snapshot_date
    from scored
    cross join policy

)

select * from final
