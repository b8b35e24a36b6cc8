with memberships as (select * from {{ ref('int_account_segments_listed') }}),

placed as (

    select
        *,
        dense_rank() over (order by snapshot_date) as snapshot_number
    from memberships

),

-- snapshots in a row keep the same distance from their place among the account's own
stays as (

    select
        *,
        snapshot_number - row_number() over (
            partition by account_id, segment_code
            order by snapshot_date
        ) as stay
    from placed

),

final as (

    select
        account_id || '|' || segment_code || '|' || min(snapshot_date) as membership_key,
        account_id,
        segment_code,
        kind,
        count(*) as snapshots_count,
        bool_or(is_current) as is_current,
        min(snapshot_date) as since_date,
        max(snapshot_date) as last_date,
        {{ as_of_date() }} as as_of_date
    from stays
    group by
        account_id,
        segment_code,
        kind,
        stay

)

select * from final
