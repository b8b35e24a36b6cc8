with order_gaps as (select * from {{ ref('int_order_gaps_listed') }}),

accounts as (select * from {{ ref('int_accounts_merged') }}),

policy as ({{ policy_values(['default_gap_days', 'segment_gaps_minimum']) }}),

-- An industry or a size that nobody knows makes no group, and both unknown no peers.
placed as (

    select
        order_gaps.account_id,
        order_gaps.gap_days,
        nullif(
            coalesce(accounts.industry, '') || '|' || coalesce(accounts.size_band, ''),
            '|'
        ) as peer_group,
        order_gaps.snapshot_date
    from order_gaps
    left join accounts
        on
            order_gaps.account_id = accounts.account_id
            and {{ is_account_in_force('accounts', 'order_gaps.snapshot_date') }}

),

all_gaps as (

    select
        {{ median('gap_days') }} as median_gap_days,
        snapshot_date
    from placed
    group by snapshot_date

),

group_gaps as (

    select
        peer_group,
        count(gap_days) as gaps_count,
        {{ median('gap_days') }} as median_gap_days,
        snapshot_date
    from placed
    where peer_group is not null
    group by
        peer_group,
        snapshot_date

),

members as (

    select distinct
        account_id,
        peer_group,
        snapshot_date
    from placed

),

final as (

    select
        members.account_id,
        coalesce(
            group_gaps.median_gap_days,
            all_gaps.median_gap_days,
            policy.default_gap_days
        ) as peer_median_gap_days,
        members.snapshot_date
    from members
    cross join policy
    inner join all_gaps on members.snapshot_date = all_gaps.snapshot_date
    left join group_gaps
        on
            members.peer_group = group_gaps.peer_group
            and members.snapshot_date = group_gaps.snapshot_date
            and policy.segment_gaps_minimum <= group_gaps.gaps_count

)

select * from final
