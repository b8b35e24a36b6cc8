with opportunities as (select * from {{ ref('stg_raw__opportunities') }}),

days as (select * from {{ ref('int_relationship_days_listed') }}),

measures as ({{ measure_policy('window_days', ['quotes']) }}),

final as (

    select
        opportunities.account_id,
        count(*) as quotes_count,
        days.snapshot_date
    from opportunities
    cross join measures
    inner join days
        on
            opportunities.opened_date <= days.snapshot_date
            and opportunities.opened_date
            > {{ add_days('days.snapshot_date', '-measures.quotes_window_days') }}
            and {{ is_in_force('opportunities', 'days.snapshot_date') }}
    where opportunities.account_id is not null
    group by
        opportunities.account_id,
        days.snapshot_date

)

select * from final
