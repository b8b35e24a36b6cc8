with accounts as (select * from {{ ref('int_accounts_measured') }}),

measures as (select * from {{ ref('int_account_snapshots_measured') }}),

snapshot_dates as (select * from {{ ref('int_snapshot_dates_listed') }}),

limits as ({{ abc_limits() }}),

-- On the day itself everybody has a class, at earlier month ends those who had a line.
valued as (

    select
        accounts.account_id,
        coalesce(measures.net_revenue_365d_amount, 0) as net_revenue_365d_amount,
        greatest(0, coalesce(measures.net_revenue_365d_amount, 0)) as positive_amount,
        coalesce(measures.lines_365d_count > 0, false) as has_sales,
        snapshot_dates.is_current,
        snapshot_dates.snapshot_date
    from accounts
    cross join snapshot_dates
    left join measures
        on
            accounts.account_id = measures.account_id
            and snapshot_dates.snapshot_date = measures.snapshot_date
    where
        not accounts.is_internal
        and not snapshot_dates.is_carried
        and (snapshot_dates.is_current or measures.account_id is not null)

),

-- "Before" an account is all revenue strictly above its own: accounts of equal revenue
-- share the same place, and the one that crosses a limit stays in the better class. The
-- window's default frame ends with the last equal row.
placed as (

    select
        account_id,
        net_revenue_365d_amount,
        has_sales,
        positive_amount / nullif(sum(positive_amount) over same_day, 0) as revenue_rate,
        (sum(positive_amount) over best_first - sum(positive_amount) over equals)
        / nullif(sum(positive_amount) over same_day, 0) as share_before_rate,
        is_current,
        snapshot_date
    from valued
    window
        best_first as (partition by snapshot_date order by positive_amount desc),
        equals as (partition by snapshot_date, positive_amount),
        same_day as (partition by snapshot_date)

),

final as (

    select
        placed.account_id,
        {{ abc_class('placed', 'limits') }} as abc_class,
        placed.net_revenue_365d_amount,
        cast(placed.revenue_rate as {{ type_double() }}) as revenue_rate,
        cast(placed.share_before_rate as {{ type_double() }}) as share_before_rate,
        placed.share_before_rate as exact_share_before_rate,
        limits.a_limit,
        limits.b_limit,
        placed.is_current,
        placed.snapshot_date
    from placed
    cross join limits

)

{{ final_and_carried('snapshot_dates') }}
