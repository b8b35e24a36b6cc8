with claims as (select * from {{ ref('int_contact_over_claims_listed') }}),

months as (select * from {{ ref('int_relationship_months_held') }}),

numbered_days as (

    select
        snapshot_date,
        lag(snapshot_date) over (order by snapshot_date) as previous_snapshot_date,
        row_number() over (order by snapshot_date desc) as days_back
    from months

),

-- the first rows of a person are the run up to the day itself, as long as none is missing
numbered as (

    select
        claims.contact_key,
        claims.account_id,
        claims.is_current,
        numbered_days.snapshot_date,
        numbered_days.days_back,
        row_number() over (
            partition by claims.contact_key
            order by numbered_days.snapshot_date desc
        ) as claims_back
    from claims
    inner join numbered_days on claims.snapshot_date = numbered_days.snapshot_date

),

begun as (

    select
        contact_key,
        max(case when is_current then account_id end) as account_id,
        min(snapshot_date) as seen_date
    from numbered
    where days_back = claims_back
    group by contact_key

),

-- what is seen at a month end began by then, what only the day itself sees since the month end
final as (

    select
        begun.contact_key,
        begun.account_id,
        case
            when begun.seen_date = {{ as_of_date() }}
                then {{ add_days('numbered_days.previous_snapshot_date', 1) }}
            else begun.seen_date
        end as arisen_date
    from begun
    inner join numbered_days on begun.seen_date = numbered_days.snapshot_date

)

select * from final
