with classes as (select * from {{ ref('fct_account_abc') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),

abc_classes as (select * from {{ ref('policy_abc_classes') }}),

limits as ({{ abc_limits() }}),

grouped as (

    select
        accounts.group_account_id,
        count(*) as accounts_count,
        sum(classes.net_revenue_365d_amount) as net_revenue_365d_amount,
        greatest(0, sum(classes.net_revenue_365d_amount)) as positive_amount,
        bool_or(classes.abc_class <> 'N') as has_sales
    from classes
    inner join accounts on classes.account_id = accounts.account_id
    group by accounts.group_account_id

),

-- as accounts are classed: before a group is all revenue strictly above its own
placed as (

    select
        *,
        positive_amount / nullif(sum(positive_amount) over (), 0) as revenue_rate,
        (sum(positive_amount) over best_first - sum(positive_amount) over equals)
        / nullif(sum(positive_amount) over (), 0) as share_before_rate
    from grouped
    window
        best_first as (order by positive_amount desc),
        equals as (partition by positive_amount)

),

judged as (

    select
        placed.*,
        {{ abc_class('placed', 'limits') }} as abc_class
    from placed
    cross join limits

),

final as (

    select
        judged.group_account_id,
        judged.abc_class,
        abc_classes.name_en as abc_name_en,
        abc_classes.name_zh as abc_name_zh,
        judged.accounts_count,
        cast(judged.net_revenue_365d_amount as numeric(18, 4)) as net_revenue_365d_amount,
        cast(judged.revenue_rate as {{ type_double() }}) as revenue_rate,
        cast(judged.share_before_rate as {{ type_double() }}) as share_before_rate,
        {{ as_of_date() }} as as_of_date
    from judged
    left join abc_classes on judged.abc_class = abc_classes.abc_class

)

select * from final
