{#- The metrics of policy_metrics that are counted from accounts: value, numerator,
    denominator. A value left out is the one over the other. -#}
{%- set after_month = 'case when months.has_month_before then counted.' -%}
{%- set after_year = 'case when months.has_year_before then counted.' -%}
{%- set after_two_years = 'case when months.has_two_years_of_orders then counted.' -%}
{%- set gained = after_month ~ 'gained_count end' -%}
{%- set lost = after_month ~ 'lost_count end' -%}
{%- set mrr_before = after_month ~ 'mrr_before_amount end' -%}
{%- set mrr_year_before = after_year ~ 'mrr_year_before_amount end' -%}
{%- set revenue_before = after_two_years ~ 'revenue_year_before_amount end' -%}
{%- set growth = 'counted.revenue_amount - counted.revenue_year_before_amount' -%}
{%- set all_amount = 'counted.positive_amount' -%}
{%- set all_squared = 'nullif(' ~ all_amount ~ ' * ' ~ all_amount ~ ', 0)' -%}
{%- set concentration = 'counted.squared_amount / ' ~ all_squared -%}
{%- set metrics = {
    'repeat': [none, 'counted.repeaters_count', 'counted.buyers_count'],
    'customers': ['counted.customers_count', none, none],
    'customers_gained': [gained, none, none],
    'customers_lost': [lost, none, none],
    'net_customers': [gained ~ ' - ' ~ lost, gained, lost],
    'customer_retention': [none, 'counted.kept_count', after_month ~ 'customers_before_count end'],
    'churned_revenue': [after_month ~ 'lost_amount end', none, none],
    'renewal': [none, 'counted.renewed_count', 'counted.due_count'],
    'mrr': ['counted.mrr_amount', none, none],
    'churned_mrr': [after_month ~ 'mrr_churned_amount end', none, none],
    'grr': [none, 'counted.mrr_gross_kept_before_amount', mrr_before],
    'nrr': [none, 'counted.mrr_net_kept_before_amount', mrr_before],
    'grr_12m': [none, 'counted.mrr_gross_kept_year_before_amount', mrr_year_before],
    'nrr_12m': [none, 'counted.mrr_net_kept_year_before_amount', mrr_year_before],
    'revenue': ['counted.revenue_amount', none, none],
    'sales_growth': [none, growth, 'nullif(greatest(0, ' ~ revenue_before ~ '), 0)'],
    'largest_customer': [none, 'counted.largest_amount', all_amount],
    'five_largest': [none, 'counted.five_largest_amount', all_amount],
    'concentration': [concentration, none, none],
    'prospect_conversion': [
        none, 'counted.prospects_converted_count', after_month ~ 'prospects_before_count end',
    ],
    'second_order': [none, 'counted.first_developed_count', after_month ~ 'first_before_count end'],
} -%}
with counted as (select * from {{ ref('int_kpi_accounts_counted') }}),

cohort_months as (select * from {{ ref('int_cohort_months_listed') }}),

averaged as (

    select
        'cohort_retention' as metric_code,
        sum(case when has_order_day then 1 else 0 end) as numerator_value,
        count(*) as denominator_value,
        month_date
    from cohort_months
    where
        {{ month_number('month_date') }} - {{ month_number('cohort_month_date') }}
        between 1 and 12
    group by month_date
    union all
    select
        'clv' as metric_code,
        sum(clv_amount) as numerator_value,
        count(clv_amount) as denominator_value,
        {{ month_start('snapshot_date') }} as month_date
    from {{ ref('int_account_measures_joined') }}
    group by {{ month_start('snapshot_date') }}

),

final as (
    {% for metric, (value, numerator, denominator) in metrics.items() %}
        select
            '{{ metric }}' as metric_code,
            counted.dimension,
            counted.dimension_value,
            cast(
                {% if value -%}
                    {{ value }}
                {%- else -%}
                    cast({{ numerator }} as numeric) / nullif({{ denominator }}, 0)
                {%- endif %} as numeric(24, 6)
            ) as metric_value,
            cast({{ numerator or 'null' }} as numeric(24, 6)) as numerator_value,
            cast({{ denominator or 'null' }} as numeric(24, 6)) as denominator_value,
            counted.month_date
        from counted
        inner join {{ ref('int_kpi_months_listed') }} as months
            on counted.month_date = months.month_date
        union all
    {% endfor %}
    select
        metric_code,
        'company' as dimension,
        'all' as dimension_value,
        cast(numerator_value / nullif(denominator_value, 0) as numeric(24, 6)) as metric_value,
        cast(numerator_value as numeric(24, 6)) as numerator_value,
        cast(denominator_value as numeric(24, 6)) as denominator_value,
        month_date
    from averaged

)

select * from final
