with measures as (select * from {{ ref('int_account_measures_joined') }}),

classes as (select * from {{ ref('fct_account_abc') }}),

final as (

    select
        measures.account_id,
        cast(measures.net_revenue_365d_amount as numeric(18, 4)) as net_revenue_365d_amount,
        cast(measures.net_revenue_prior_365d_amount as numeric(18, 4))
            as net_revenue_prior_365d_amount,
        measures.growth_rate,
        measures.margin_365d_amount,
        measures.margin_prior_365d_amount,
        measures.margin_coverage_rate,
        cast(measures.order_days_365d_count as bigint) as order_days_365d_count,
        measures.average_order_amount,
        measures.mrr_amount,
        measures.payment_days,
        measures.paid_late_rate,
        cast(measures.referral_revenue_amount as numeric(18, 4)) as referral_revenue_amount,
        measures.clv_amount,
        case when measures.clv_amount is not null then 'baseline' end as clv_method,
        case when measures.clv_amount is not null then cast(measures.clv_months_count as int) end
            as clv_months_count,
        measures.retention_rate as clv_retention_rate,
        case when measures.has_order_lines then classes.revenue_rate end as concentration_rate,
        {{ unknown_reason('measures.net_revenue_365d_amount', 'false', 'no_source') }}
            as revenue_unknown_reason,
        {{ unknown_reason('measures.growth_rate', 'measures.has_order_lines', 'no_year_before') }}
            as growth_unknown_reason,
        {{ unknown_reason('measures.margin_365d_amount', 'measures.has_costs', 'cost_unknown') }}
            as margin_unknown_reason,
        {{ unknown_reason(
            'measures.average_order_amount',
            'measures.has_order_lines',
            'no_order_in_year',
        ) }}
            as average_order_unknown_reason,
        {{ unknown_reason('measures.mrr_amount', 'measures.has_contracts', 'no_contract') }}
            as mrr_unknown_reason,
        {{ unknown_reason('measures.payment_days', 'measures.has_payments', 'nothing_paid') }}
            as payment_unknown_reason,
        {{ unknown_reason('measures.paid_late_rate', 'measures.has_payments', 'nothing_due') }}
            as paid_late_unknown_reason,
        {{ unknown_reason('measures.referral_revenue_amount', 'false', 'no_source') }}
            as referral_unknown_reason,
        case
            when measures.clv_amount is not null then null
            when not measures.has_order_lines then 'no_source'
            when measures.first_order_date is null then 'never_ordered'
            else 'no_retention_yet'
        end as clv_unknown_reason,
        {{ as_of_date() }} as as_of_date
    from measures
    inner join classes on measures.account_id = classes.account_id
    where measures.is_current

)

select * from final
