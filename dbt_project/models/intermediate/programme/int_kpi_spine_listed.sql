with metrics as (select * from {{ ref('policy_metrics') }}),

months as (select * from {{ ref('int_kpi_months_listed') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),

entities as (select * from {{ ref('stg_raw__entities') }}),

places as (

    select
        'company' as dimension,
        'all' as dimension_value
    from accounts
    where not is_internal
    union
    select
        'region' as dimension,
        coalesce(region, 'unknown') as dimension_value
    from accounts
    where not is_internal

),

delivered as (

    select
        metrics.metric_code,
        bool_or(entities.has_records) as has_records
    from metrics
    inner join entities on {{ rule_allows('metrics.entities', 'entities.entity') }}
    group by metrics.metric_code

),

final as (

    select
        metrics.metric_code,
        places.dimension,
        places.dimension_value,
        metrics.direction,
        metrics.target_value,
        case
            when not delivered.has_records then 'no_source'
            when metrics.needs_whole_month and not months.is_closed then 'month_not_over'
        end as never_known_reason,
        metrics.unknown_reason,
        months.is_closed,
        months.month_date,
        months.counted_date
    from metrics
    inner join delivered on metrics.metric_code = delivered.metric_code
    cross join months
    inner join places on metrics.is_by_region or places.dimension = 'company'

)

select * from final
