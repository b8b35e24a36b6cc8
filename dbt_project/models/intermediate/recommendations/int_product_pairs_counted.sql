with baskets as (

    select * from {{ ref('int_account_baskets_ranked') }}

),

-- Each pair is counted once, the smaller number first.
together as (

    select
        baskets.product_number as one_number,
        others.product_number as other_number,
        count(*) as support_count,
        baskets.customers_count,
        baskets.snapshot_date
    from baskets
    inner join baskets as others
        on
            baskets.account_id = others.account_id
            and baskets.snapshot_date = others.snapshot_date
            and baskets.product_number < others.product_number
    group by
        baskets.product_number,
        others.product_number,
        baskets.customers_count,
        baskets.support_minimum_count,
        baskets.snapshot_date
    having count(*) >= baskets.support_minimum_count

),

final as (

    select
        one_number as basis_number,
        other_number as product_number,
        support_count,
        customers_count,
        snapshot_date
    from together

    union all

    select
        other_number as basis_number,
        one_number as product_number,
        support_count,
        customers_count,
        snapshot_date
    from together

)

select * from final
