{%- set measured = [
    'scope', 'programme_code', 'programme_name', 'campaign_kind', 'outcome_code',
    'treated_count', 'treated_before_value', 'treated_after_value', 'treated_after_total',
    'treated_change_variance', 'holdout_count', 'holdout_before_value', 'holdout_after_value',
    'holdout_after_total', 'holdout_change_variance', 'open_count', 'first_joined_date',
    'evaluated_date',
] -%}
with policy as ({{ policy_values(['confidence_z']) }}),

outcomes as (select * from {{ ref('policy_programme_outcomes') }}),

-- Of a campaign nobody tells at which rate accounts were left out: it was one.
measured as (

    select
        {{ measured | join(', ') }},
        cast(0 as numeric(5, 4)) as holdout_rate
    from {{ ref('int_campaign_outcomes_measured') }}
    union all
    select
        {{ measured | join(', ') }},
        holdout_rate
    from {{ ref('int_programme_outcomes_measured') }}

),

-- The limits of a share of nobody are null, and so is all that comes of them.
limited as (

    select
        measured.*,
        outcomes.unit,
        policy.confidence_z,
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
    from measured
    cross join policy
    inner join outcomes on measured.outcome_code = outcomes.outcome_code

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

final as (

    select
        {{ measured | join(', ') }},
        holdout_rate,
        unit,
        {%- for name, sign in {'low': '-', 'high': '+'}.items() %}
            cast(
                case unit
                    when 'rate' then {{ newcombe_bound('treated', 'holdout', sign) }}
                    else effect_value {{ sign }} confidence_z * standard_error
                end as numeric(30, 10)
            ) as effect_{{ name }}_value,
        {%- endfor %}
        cast(effect_value as numeric(30, 10)) as effect_value,
        cast(standard_error as numeric(30, 10)) as standard_error,
        cast(coalesce(
            cast(treated_count as numeric) * holdout_count
            / nullif(treated_count + holdout_count, 0), 0
        ) as numeric(30, 10)) as weight
    from compared

)

select * from final
