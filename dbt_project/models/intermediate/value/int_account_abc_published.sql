{%- set by_account = 'partition by account_id order by snapshot_date' -%}
with policy as ({{ policy_values(['abc_crossing_rate']) }}),

followed as (

    select
        *,
        not is_current or snapshot_date = {{ month_end('snapshot_date') }} as is_closed,
        lag(abc_class) over ({{ by_account }}) as last_class
    from {{ ref('int_account_abc_classed') }}

),

-- The limit that a step last crosses: on the way up the one below the new class, on the
-- way down the one above it.
stepped as (

    select
        *,
        case
            when abc_class = 'A' then a_limit - exact_share_before_rate
            when abc_class = 'B' and last_class = 'A' then exact_share_before_rate - a_limit
            when abc_class = 'B' and last_class = 'C' then b_limit - exact_share_before_rate
            when abc_class = 'C' and last_class in ('A', 'B')
                then exact_share_before_rate - b_limit
        end as crossing_rate
    from followed

),

-- A class is settled at the first sight of an account, when the month end before had it
-- too, by a long step, and when sales begin or end. The day itself is a month end only
-- when its month ends with it.
judged as (

    select
        stepped.*,
        coalesce(
            last_class is null
            or (abc_class = last_class and is_closed)
            or (abc_class <> last_class and 'N' in (abc_class, last_class))
            or (abc_class <> last_class and crossing_rate > policy.abc_crossing_rate),
            false
        ) as is_settled
    from stepped
    cross join policy

),

spells as (

    select
        *,
        sum(case when is_settled then 1 else 0 end) over (
            {{ by_account }} rows between unbounded preceding and current row
        ) as spell_number
    from judged

),

published as (

    select
        *,
        max(case when is_settled then abc_class end) over (partition by account_id, spell_number)
            as published_class
    from spells

),

changed as (

    select
        *,
        coalesce(published_class <> lag(published_class) over ({{ by_account }}), true)
            as is_change
    from published

),

final as (

    select
        account_id,
        abc_class,
        published_class,
        max(case when is_change then snapshot_date end) over (
            {{ by_account }} rows between unbounded preceding and current row
        ) as published_since_date,
        net_revenue_365d_amount,
        revenue_rate,
        share_before_rate,
        is_current,
        snapshot_date
    from changed

)

select * from final
