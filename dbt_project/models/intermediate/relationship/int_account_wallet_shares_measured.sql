with wallets as (select * from {{ ref('int_account_wallets_estimated') }}),

days as (select * from {{ ref('int_relationship_days_listed') }}),

final as (

    select
        wallets.account_id,
        wallets.wallet_method,
        -- least() and greatest() pass nulls over
        case
            when wallets.net_revenue_365d_amount is not null and wallets.wallet_amount > 0
                then least(
                    1,
                    greatest(0, wallets.net_revenue_365d_amount)
                    / cast(wallets.wallet_amount as {{ type_double() }})
                )
        end as share_of_wallet_rate,
        wallets.snapshot_date
    from wallets
    inner join days on wallets.snapshot_date = days.snapshot_date

)

select * from final
