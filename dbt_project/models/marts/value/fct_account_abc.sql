with accounts as (

    select * from {{ ref('dim_accounts') }}

),

measures as (

    select * from {{ ref('int_account_snapshots_measured') }}

),

abc_classes as (

    select * from {{ ref('policy_abc_classes') }}

),

limits as (

    select
        max(case when abc_class = 'A' then share_before_limit end) as a_limit,
        max(case when abc_class = 'B' then share_before_limit end) as b_limit
    from abc_classes

),

valued as (

    select
        accounts.account_id,
        coalesce(measures.net_revenue_365d_amount, 0) as net_revenue_365d_amount,
        greatest(0, coalesce(measures.net_revenue_365d_amount, 0)) as positive_amount,
        coalesce(measures.lines_365d_count > 0, false) as has_sales
    from accounts
    left join measures
        on
            accounts.account_id = measures.account_id
            and measures.snapshot_date = {{ as_of_date() }}
    where not accounts.is_internal

),

-- "Before" an account is all revenue strictly above its own: accounts of equal revenue
-- share the same place, and the one that crosses a limit stays in the better class. The
-- window's default frame ends with the last equal row.
placed as (

    select
        account_id,
        net_revenue_365d_amount,
        has_sales,
        positive_amount / nullif(sum(positive_amount) over (), 0) as revenue_rate,
        (
            sum(positive_amount) over (order by positive_amount desc)
            - sum(positive_amount) over (partition by positive_amount)
        ) / nullif(sum(positive_amount) over (), 0) as share_before_rate
    from valued

),

classed as (

    select
        placed.*,
        case
            when not placed.has_sales then 'N'
            when placed.net_revenue_365d_amount <= 0 then 'C'
            when placed.share_before_rate < limits.a_limit then 'A'
            when placed.share_before_rate < limits.b_limit then 'B'
            else 'C'
        end as abc_class
    from placed
    cross join limits

),

final as (

    select
        classed.account_id,
        classed.abc_class,
        abc_classes.name_en as abc_name_en,
        abc_classes.name_zh as abc_name_zh,
        classed.net_revenue_365d_amount,
        cast(classed.revenue_rate as {{ type_double() }}) as revenue_rate,
        cast(classed.share_before_rate as {{ type_double() }}) as share_before_rate,
        {{ as_of_date() }} as as_of_date
    from classed
    left join abc_classes
        on classed.abc_class = abc_classes.abc_class

)

select * from final
