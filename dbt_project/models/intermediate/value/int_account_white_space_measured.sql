with categories as (select * from {{ ref('int_account_categories_summed') }}),

members as (select * from {{ ref('int_account_wallets_estimated') }}),

quartiles as (select * from {{ ref('int_category_quartiles_measured') }}),

of_groups as (

    select
        wallet_group,
        sum(quartile_amount) as quartiles_amount,
        sum(case when quartile_amount > 0 then 1 else 0 end) as quartiles_count,
        snapshot_date
    from quartiles
    group by
        wallet_group,
        snapshot_date

),

-- what of the quartiles the account's own spend fills
filled as (

    select
        members.account_id,
        sum(least(categories.net_revenue_365d_amount, quartiles.quartile_amount)) as filled_amount,
        sum(
            case
                when
                    quartiles.quartile_amount > 0
                    and categories.net_revenue_365d_amount >= quartiles.quartile_amount
                    then 1
                else 0
            end
        ) as filled_count,
        members.snapshot_date
    from members
    inner join categories
        on
            members.account_id = categories.account_id
            and members.snapshot_date = categories.snapshot_date
    inner join quartiles
        on
            members.wallet_group = quartiles.wallet_group
            and categories.category = quartiles.category
            and members.snapshot_date = quartiles.snapshot_date
    where categories.net_revenue_365d_amount > 0
    group by
        members.account_id,
        members.snapshot_date

),

final as (

    select
        members.account_id,
        cast(
            of_groups.quartiles_amount - coalesce(filled.filled_amount, 0) as numeric(18, 4)
        ) as white_space_amount,
        of_groups.quartiles_count - coalesce(filled.filled_count, 0)
            as white_space_categories_count,
        members.snapshot_date
    from members
    inner join of_groups
        on
            members.wallet_group = of_groups.wallet_group
            and members.snapshot_date = of_groups.snapshot_date
    left join filled
        on
            members.account_id = filled.account_id
            and members.snapshot_date = filled.snapshot_date

)

select * from final
