{%- set passed = [
    'scope', 'programme_code', 'programme_name', 'campaign_kind', 'outcome_code',
    'outcome_name_en', 'outcome_name_zh', 'unit', 'treated_count', 'holdout_count', 'open_count',
    'first_joined_date', 'evaluated_date',
] -%}
{%- set amounts = [
    'treated_before_value', 'treated_after_value', 'holdout_before_value', 'holdout_after_value',
    'effect_value', 'effect_low_value', 'effect_high_value', 'detectable_value',
    'total_effect_value',
] -%}
with policy as ({{ policy_values(['confidence_z', 'power_z']) }}),

-- The limits of a share of nobody are null, and so is all that comes of them.
limited as (

    select
        measured.*,
        outcomes.name_en as outcome_name_en,
        outcomes.name_zh as outcome_name_zh,
        outcomes.unit,
        policy.*,
        coalesce(entities.has_records, false) as has_records,
        {%- for arm in ['treated', 'holdout'] %}
            {%- set cases = 'nullif(measured.' ~ arm ~ '_count, 0)' %}
            {%- for name, sign in {'low': '-', 'high': '+'}.items() %}
                case
                    when unit = 'rate' then {{ wilson_bound(arm ~ '_after_total', cases, sign) }}
                end as {{ arm }}_{{ name }},
            {%- endfor %}
        {%- endfor %}
        (measured.treated_after_total + measured.holdout_after_total)
        / nullif(measured.treated_count + measured.holdout_count, 0) as pooled_value
    from {{ ref('int_campaign_outcomes_measured') }} as measured
    cross join policy
    inner join {{ ref('policy_programme_outcomes') }} as outcomes
        on measured.outcome_code = outcomes.outcome_code
    left join {{ ref('stg_raw__entities') }} as entities on outcomes.entity = entities.entity

),

compared as (

    select
        *,
        case unit
            when 'rate' then treated_after_value - holdout_after_value
            else
                (treated_after_value - treated_before_value)
                - (holdout_after_value - holdout_before_value)
        end as effect_value,
        case unit
            when 'rate' then {{ pooled_error('pooled_value', 'treated_count', 'holdout_count') }}
            else sqrt(
                treated_change_variance / nullif(treated_count, 0)
                + holdout_change_variance / nullif(holdout_count, 0)
            )
        end as standard_error
    from limited

),

bounded as (

    select
        *,
        {%- for name, sign in {'low': '-', 'high': '+'}.items() %}
            case unit
                when 'rate' then {{ newcombe_bound('treated', 'holdout', sign) }}
                else effect_value {{ sign }} confidence_z * standard_error
            end as effect_{{ name }}_value,
        {%- endfor %}
        effect_value * treated_count as total_effect_value,
        (confidence_z + power_z) * nullif(standard_error, 0) as detectable_value
    from compared

),

final as (

    select
        scope || '|' || programme_code || '|' || outcome_code as programme_effect_key,
        {%- for column in passed %}
            {{ column }},
        {%- endfor %}
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
        {{ as_of_date() }} as as_of_date
    from bounded

)

select * from final
