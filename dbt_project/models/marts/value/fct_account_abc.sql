with published as (select * from {{ ref('int_account_abc_published') }}),

abc_classes as (select * from {{ ref('policy_abc_classes') }}),

final as (

    select
        published.account_id,
        published.abc_class,
        abc_classes.name_en as abc_name_en,
        abc_classes.name_zh as abc_name_zh,
        published.net_revenue_365d_amount,
        published.revenue_rate,
        published.share_before_rate,
        published.published_class,
        published_names.name_en as published_name_en,
        published_names.name_zh as published_name_zh,
        published.published_since_date,
        {{ as_of_date() }} as as_of_date
    from published
    left join abc_classes
        on published.abc_class = abc_classes.abc_class
    left join abc_classes as published_names
        on published.published_class = published_names.abc_class
    where published.is_current

)

select * from final
