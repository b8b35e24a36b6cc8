with offers as (select * from {{ ref('int_next_product_offers_judged') }}),

days as (

    select *
    from {{ ref('int_next_product_days_listed') }}
    where not is_current

),

methods as (select * from {{ ref('policy_offer_methods') }}),

policy as ({{ policy_values(['confidence_z']) }}),

summed as (

    select
        offer_method,
        count(*) as accounts_count,
        sum(offers_count) as offers_count,
        sum(hits_count) as hits_count,
        count(nullif(hits_count, 0)) as success_accounts_count
    from offers
    group by offer_method

),

final as (

    select
        methods.offer_method,
        methods.name_en,
        methods.name_zh,
        summed.accounts_count,
        cast(summed.offers_count as bigint) as offers_count,
        cast(summed.hits_count as bigint) as hits_count,
        summed.success_accounts_count,
        {{ rate('summed.hits_count', 'summed.offers_count') }} as hit_rate,
        {{ rate('summed.success_accounts_count', 'summed.accounts_count') }} as success_rate,
        {{ wilson_bound('summed.success_accounts_count', 'summed.accounts_count', '-') }}
            as success_low_rate,
        {{ wilson_bound('summed.success_accounts_count', 'summed.accounts_count', '+') }}
            as success_high_rate,
        {{ month_start('days.month_end_date') }} as month_date,
        days.snapshot_date as offered_date,
        {{ as_of_date() }} as as_of_date
    from summed
    cross join days
    cross join policy
    inner join methods on summed.offer_method = methods.offer_method

)

select * from final
