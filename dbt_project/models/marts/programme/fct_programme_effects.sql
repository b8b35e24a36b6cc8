{%- set amounts = [
    'treated_before_value', 'treated_after_value', 'holdout_before_value', 'holdout_after_value',
    'effect_value', 'effect_low_value', 'effect_high_value', 'detectable_value',
    'total_effect_value',
] -%}
with policy as ({{ policy_values(['confidence_z', 'power_z']) }}),

compared as (select * from {{ ref('int_programme_effects_compared') }}),

outcomes as (select * from {{ ref('policy_programme_outcomes') }}),

entities as (select * from {{ ref('stg_raw__entities') }}),

-- Where accounts were left out at several rates, each rate by itself, weighed as Mantel and
-- Haenszel do: chance made the arms alike within a rate alone.
weighed as (

    select
        scope,
        programme_code,
        max(programme_name) as programme_name,
        max(campaign_kind) as campaign_kind,
        outcome_code,
        {%- for arm in ['treated', 'holdout'] %}
            sum({{ arm }}_count) as {{ arm }}_count,
            {%- for when in ['before', 'after'] %}
                coalesce(
                    sum(weight * {{ arm }}_{{ when }}_value) / nullif(sum(weight), 0),
                    sum({{ arm }}_count * {{ arm }}_{{ when }}_value)
                    / nullif(sum({{ arm }}_count), 0)
                ) as {{ arm }}_{{ when }}_value,
            {%- endfor %}
        {%- endfor %}
        sum(open_count) as open_count,
        sum(weight * effect_value) / nullif(sum(weight), 0) as effect_value,
        {%- for distance, of in {
            'standard_error': 'standard_error',
            'below': '(effect_value - effect_low_value)',
            'above': '(effect_high_value - effect_value)',
        }.items() %}
            sqrt(sum(weight * {{ of }} * weight * {{ of }})) / nullif(sum(weight), 0)
                as {{ distance }},
        {%- endfor %}
        min(first_joined_date) as first_joined_date,
        max(evaluated_date) as evaluated_date
    from compared
    group by
        scope,
        programme_code,
        outcome_code

),

bounded as (

    select
        weighed.*,
        outcomes.name_en as outcome_name_en,
        outcomes.name_zh as outcome_name_zh,
        outcomes.unit,
        weighed.effect_value - weighed.below as effect_low_value,
        weighed.effect_value + weighed.above as effect_high_value,
        weighed.effect_value * weighed.treated_count as total_effect_value,
        (policy.confidence_z + policy.power_z) * nullif(weighed.standard_error, 0)
            as detectable_value,
        coalesce(entities.has_records, false) as has_records
    from weighed
    cross join policy
    inner join outcomes on weighed.outcome_code = outcomes.outcome_code
    left join entities on outcomes.entity = entities.entity

),

final as (

    select
        scope || '|' || programme_code || '|' || outcome_code as programme_effect_key,
        scope, programme_code, programme_name, campaign_kind, outcome_code,
        outcome_name_en, outcome_name_zh, unit,
        cast(treated_count as bigint) as treated_count,
        cast(holdout_count as bigint) as holdout_count,
        cast(open_count as bigint) as open_count,
        {%- for column in amounts %}
            cast(case when has_records then {{ column }} end as numeric(24, 6)) as {{ column }},
        {%- endfor %}
        case when has_records then effect_low_value > 0 or effect_high_value < 0 end
            as is_beyond_chance,
        case
            when not has_records then 'no_source'
            when treated_count + holdout_count = 0 then 'not_over_yet'
            when effect_value is null then 'no_holdout'
        end as effect_unknown_reason,
        first_joined_date, evaluated_date,
        {{ as_of_date() }} as as_of_date
    from bounded

)

select * from final
