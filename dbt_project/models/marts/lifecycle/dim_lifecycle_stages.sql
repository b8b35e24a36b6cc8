with lifecycle_stages as (select * from {{ ref('policy_lifecycle_stages') }}),

months as (select * from {{ ref('fct_account_lifecycle_months') }}),

counted as (

    select
        stage_code,
        count(*) as accounts_count
    from months
    where is_current
    group by stage_code

),

final as (

    select
        lifecycle_stages.stage_code,
        lifecycle_stages.precedence,
        lifecycle_stages.name_en,
        lifecycle_stages.name_zh,
        lifecycle_stages.strategy_en,
        lifecycle_stages.strategy_zh,
        coalesce(counted.accounts_count, 0) as accounts_count,
        {{ as_of_date() }} as as_of_date
    from lifecycle_stages
    left join counted on lifecycle_stages.stage_code = counted.stage_code

)

select * from final
