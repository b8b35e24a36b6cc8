with needs as (select * from {{ ref('fct_account_needs') }}),

account_days as (select * from {{ ref('int_account_days_known') }}),

-- what each customer brought in the last year, whatever the quarter
revenues as (

    select
        account_id,
        sum(net_revenue_amount) as net_revenue_365d_amount
    from account_days
    where is_latest and order_date > {{ add_days(as_of_date(), -365) }}
    group by account_id

),

quarters as (

    select
        quarter_date,
        quarter_date = min(quarter_date) over () as is_first,
        count(distinct account_id) as heard_accounts_count
    from needs
    group by quarter_date

),

summed as (

    select
        needs.theme_code,
        needs.theme_en,
        needs.theme_zh,
        count(*) as accounts_count,
        sum(needs.mentions_count) as mentions_count,
        sum(needs.unmet_count) as unmet_count,
        count(case when needs.unmet_count > 0 then 1 end) as unmet_accounts_count,
        sum(revenues.net_revenue_365d_amount) as net_revenue_365d_amount,
        needs.quarter_date
    from needs
    left join revenues on needs.account_id = revenues.account_id
    group by
        needs.theme_code,
        needs.theme_en,
        needs.theme_zh,
        needs.quarter_date

),

final as (

    select
        summed.theme_code || '|' || summed.quarter_date as need_quarter_key,
        summed.theme_code,
        summed.theme_en,
        summed.theme_zh,
        summed.accounts_count,
        {{ rate('summed.accounts_count', 'quarters.heard_accounts_count') }} as accounts_rate,
        cast(summed.mentions_count as bigint) as mentions_count,
        cast(
            case
                when not quarters.is_first
                    then summed.mentions_count - coalesce(before.mentions_count, 0)
            end as bigint
        ) as mentions_change_count,
        cast(summed.unmet_count as bigint) as unmet_count,
        {{ rate('summed.unmet_count', 'summed.mentions_count') }} as unmet_rate,
        summed.unmet_accounts_count,
        cast(summed.net_revenue_365d_amount as numeric(18, 4)) as net_revenue_365d_amount,
        summed.quarter_date,
        {{ as_of_date() }} as as_of_date
    from summed
    inner join quarters on summed.quarter_date = quarters.quarter_date
    left join summed as before
        on
            summed.theme_code = before.theme_code
            and before.quarter_date = {{ quarter_start(add_days('summed.quarter_date', -1)) }}

)

select * from final
