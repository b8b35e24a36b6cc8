with contacts as (select * from {{ ref('int_contact_levels_decided') }}),

days as (select * from {{ ref('int_relationship_days_listed') }}),

compared_days as (

    select
        snapshot_date,
        lag(snapshot_date) over (order by snapshot_date) as previous_snapshot_date
    from days

),

judged as (

    select
        contact_key,
        account_id,
        coalesce(is_over_claimed, false) and not has_left as is_over_claimed,
        is_current,
        snapshot_date,
        max(case when is_over_claimed and not has_left then null else snapshot_date end) over (
            partition by contact_key
        ) as last_proved_date
    from contacts

),

-- what is seen at a month end began by then, what only the day itself sees since the month end
begun as (

    select
        contact_key,
        min(snapshot_date) as seen_date
    from judged
    where last_proved_date is null or snapshot_date > last_proved_date
    group by contact_key

),

final as (

    select
        judged.contact_key,
        judged.account_id,
        case
            when begun.seen_date = {{ as_of_date() }}
                then {{ add_days('compared_days.previous_snapshot_date', 1) }}
            else begun.seen_date
        end as arisen_date
    from judged
    inner join begun on judged.contact_key = begun.contact_key
    inner join compared_days on begun.seen_date = compared_days.snapshot_date
    where judged.is_current and judged.is_over_claimed

)

select * from final
