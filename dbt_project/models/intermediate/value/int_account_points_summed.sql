with movements as (select * from {{ ref('stg_raw__loyalty_points') }}),

known as (

    select
        *,
        row_number() over (
            partition by account_id
            order by moved_at desc, source desc, loyalty_movement_id desc
        ) as newest_first
    from movements
    where is_latest and moved_date <= {{ as_of_date() }}

),

final as (

    select
        account_id,
        max(case when newest_first = 1 then loyalty_tier end) as loyalty_tier,
        sum(points) as points_balance,
        sum(
            case
                when
                    movement_kind = 'earned'
                    and {{ days_between('moved_date', as_of_date()) }} < 365
                    then points
                else 0
            end
        ) as points_earned_365d
    from known
    group by account_id

)

select * from final
