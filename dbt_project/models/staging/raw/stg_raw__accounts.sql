with raw_accounts as (

    select * from {{ source('raw', 'accounts') }}

),

versions as (

    select
        source,
        account_id,
        account_manager_id,
        account_name,
        industry,
        size_band,
        region,
        country,
        is_internal,
        {{ date_in_zone('created_at') }} as created_date,
        {{ date_in_zone('known_at') }} as known_date,
        {{ superseded_date() }} as superseded_date,
        known_at
    from raw_accounts
    where {{ date_in_zone('known_at') }} <= {{ as_of_date() }}

),

-- of several versions of one day, the day's last one counts
known as (

    select
        source,
        account_id,
        account_manager_id,
        account_name,
        industry,
        size_band,
        region,
        country,
        is_internal,
        superseded_date is null as is_latest,
        created_date,
        known_date,
        superseded_date,
        known_at
    from versions
    where superseded_date is null or superseded_date > known_date

)

select * from known
