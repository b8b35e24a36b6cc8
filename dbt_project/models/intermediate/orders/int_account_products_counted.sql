with order_lines as (select * from {{ ref('int_order_lines_versioned') }}),

snapshot_dates as (select * from {{ ref('int_snapshot_dates_listed') }}),

-- The days on which a line makes its product count as bought in the last 365 days, as
-- far as is known.
spans as (

    select
        account_id,
        product_id,
        greatest(order_date, known_date) as from_date,
        least(
            superseded_date,
            {{ add_days('order_date', 365) }}
        ) as until_date
    from order_lines
    where
        is_measured
        and is_revenue
        and net_amount > 0
        and product_id is not null

),

open_spans as (

    select
        account_id,
        product_id,
        from_date,
        until_date,
        max(until_date) over (
            partition by account_id, product_id
            order by from_date, until_date
            rows between unbounded preceding and 1 preceding
        ) as covered_until_date
    from spans
    where from_date < until_date

),

-- A span begins where those before it end, so that on any day a product is counted
-- once; a span within another becomes empty.
new_spans as (

    select
        account_id,
        product_id,
        greatest(from_date, covered_until_date) as from_date,
        until_date
    from open_spans

),

final as (

    select
        new_spans.account_id,
        count(*) as products_365d_count,
        snapshot_dates.snapshot_date
    from new_spans
    inner join snapshot_dates
        on
            new_spans.from_date <= snapshot_dates.snapshot_date
            and new_spans.until_date > snapshot_dates.snapshot_date
    where not snapshot_dates.is_carried
    group by
        new_spans.account_id,
        snapshot_dates.snapshot_date

)

select * from final
