with composed as (select * from {{ ref('int_account_relationships_composed') }}),

days as (select * from {{ ref('int_relationship_days_listed') }}),

moves as (select * from {{ ref('int_account_relationship_moves_found') }}),

comparisons as (select * from {{ ref('int_relationship_comparisons_listed') }}),

-- what tomorrow may have to be compared with is kept of all accounts
whole_days as (

    select snapshot_date from comparisons
    where is_current
    union
    select previous_snapshot_date as snapshot_date from comparisons
    where is_current

),

moved_days as (

    select
        account_id,
        snapshot_date
    from moves
    union
    select
        account_id,
        previous_snapshot_date as snapshot_date
    from moves

),

final as (

    select composed.*
    from composed
    inner join days on composed.snapshot_date = days.snapshot_date
    left join whole_days on composed.snapshot_date = whole_days.snapshot_date
    left join moved_days
        on
            composed.account_id = moved_days.account_id
            and composed.snapshot_date = moved_days.snapshot_date
    where whole_days.snapshot_date is not null or moved_days.account_id is not null

)

select * from final
