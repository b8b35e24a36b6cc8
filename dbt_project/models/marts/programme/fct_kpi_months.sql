{%- set values = [
    'metric_value', 'numerator_value', 'denominator_value', 'coverage_rate',
] -%}
with spine as (select * from {{ ref('int_kpi_spine_listed') }}),

figures as (

    select
        metric_code,
        dimension,
        dimension_value,
        metric_value,
        numerator_value,
        denominator_value,
        cast(null as {{ type_double() }}) as coverage_rate,
        month_date
    from {{ ref('int_kpi_figures_listed') }}
    {% for metric, value, accounts_count in [
        ('nps', 'nps_score', 'nps_accounts_count'),
        ('csat', 'csat_rate', 'csat_accounts_count'),
        ('answered_revenue', 'revenue_coverage_rate', 'null'),
    ] %}
        union all
        select
            '{{ metric }}' as metric_code,
            dimension,
            dimension_value,
            cast({{ value }} as numeric(24, 6)) as metric_value,
            null as numerator_value,
            cast({{ accounts_count }} as numeric(24, 6)) as denominator_value,
            revenue_coverage_rate as coverage_rate,
            month_date
        from {{ ref('fct_satisfaction_months') }}
        where dimension in ('company', 'region')
    {% endfor %}
    union all
    select
        'saved_revenue' as metric_code,
        'company' as dimension,
        'all' as dimension_value,
        sum(total_effect_value) as metric_value,
        null as numerator_value,
        null as denominator_value,
        null as coverage_rate,
        {{ month_start('evaluated_date') }} as month_date
    from {{ ref('fct_programme_effects') }}
    where scope = 'campaign' and outcome_code = 'revenue'
    group by {{ month_start('evaluated_date') }}
),

known as (

    select
        {%- for column in values %}
            case when spine.never_known_reason is null then figures.{{ column }} end
                as {{ column }},
        {%- endfor %}
        spine.*
    from spine
    left join figures
        on
            spine.metric_code = figures.metric_code
            and spine.dimension = figures.dimension
            and spine.dimension_value = figures.dimension_value
            and spine.month_date = figures.month_date

),

final as (

    select
        metric_code || '|' || dimension || '|' || dimension_value || '|' || month_date
            as kpi_month_key,
        metric_code,
        dimension,
        dimension_value,
        metric_value,
        numerator_value,
        denominator_value,
        coverage_rate,
        lag(metric_value) over (
            partition by metric_code, dimension, dimension_value
            order by month_date
        ) as previous_value,
        target_value,
        case direction
            when 'up' then metric_value >= target_value
            when 'down' then metric_value <= target_value
        end as is_on_target,
        case when metric_value is null then coalesce(never_known_reason, unknown_reason) end
            as unknown_reason,
        is_closed,
        month_date,
        counted_date,
        {{ as_of_date() }} as as_of_date
    from known

)

select * from final
