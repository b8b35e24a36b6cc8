with raw_account_managers as (

    select * from {{ source('raw', 'account_managers') }}

),

versions as (

    select
        source,
        account_manager_id,
        account_manager_name,
        email,
        language,
        list_capacity,
        is_active,
        {{ date_in_zone('known_at') }} as known_date,
        {{ superseded_date() }} as superseded_date,
        known_at
    from raw_account_managers
    where {{ date_in_zone('known_at') }} <= {{ as_of_date() }}

),

-- of several versions of one day, the day's last one counts
known as (

    select
        source,
        account_manager_id,
        account_manager_name,
        email,
        language,
        list_capacity,
        is_active,
        superseded_date is null as is_latest,
        known_date,
        superseded_date,
        known_at
    from versions
    where superseded_date is null or superseded_date > known_date

)

select * from known
