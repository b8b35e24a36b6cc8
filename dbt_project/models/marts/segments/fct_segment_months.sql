with segments as (select * from {{ ref('dim_segments') }}),

states as (select * from {{ ref('int_account_states_dated') }}),

memberships as (select * from {{ ref('int_account_segments_listed') }}),

snapshots as (

    select
        snapshot_date,
        is_current,
        lag(snapshot_date) over (order by snapshot_date) as last_snapshot_date,
        count(*) as all_accounts_count,
        sum(net_revenue_365d_amount) as all_revenue_amount
    from states
    group by
        snapshot_date,
        is_current

),

counted as (

    select
        memberships.segment_code,
        memberships.snapshot_date,
        count(*) as accounts_count,
        count(before.account_id) as stayed_count,
        sum(memberships.net_revenue_365d_amount) as net_revenue_365d_amount
    from memberships
    inner join snapshots on memberships.snapshot_date = snapshots.snapshot_date
    left join memberships as before
        on
            memberships.account_id = before.account_id
            and memberships.segment_code = before.segment_code
            and snapshots.last_snapshot_date = before.snapshot_date
    group by
        memberships.segment_code,
        memberships.snapshot_date

),

filled as (

    select
        segments.segment_code,
        coalesce(counted.accounts_count, 0) as accounts_count,
        coalesce(counted.stayed_count, 0) as stayed_count,
        lag(coalesce(counted.accounts_count, 0)) over (
            partition by segments.segment_code
            order by snapshots.snapshot_date
        ) as last_accounts_count,
        coalesce(counted.net_revenue_365d_amount, 0) as net_revenue_365d_amount,
        snapshots.all_accounts_count,
        snapshots.all_revenue_amount,
        snapshots.is_current,
        snapshots.snapshot_date
    from segments
    cross join snapshots
    left join counted
        on
            segments.segment_code = counted.segment_code
            and snapshots.snapshot_date = counted.snapshot_date

),

final as (

    select
        segment_code || '|' || snapshot_date as segment_month_key,
        segment_code,
        accounts_count,
        cast(cast(accounts_count as numeric) / all_accounts_count as {{ type_double() }})
            as accounts_rate,
        case when last_accounts_count is not null then accounts_count - stayed_count end
            as joined_accounts_count,
        last_accounts_count - stayed_count as left_accounts_count,
        net_revenue_365d_amount,
        cast(
            case
                when all_revenue_amount > 0
                    then net_revenue_365d_amount / all_revenue_amount
            end as {{ type_double() }}
        ) as revenue_rate,
        is_current,
        snapshot_date,
        {{ as_of_date() }} as as_of_date
    from filled

)

select * from final
