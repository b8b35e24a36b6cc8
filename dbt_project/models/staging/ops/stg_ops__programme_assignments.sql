with ops_programme_assignments as (select * from {{ source('ops', 'programme_assignments') }}),

-- What the night itself draws is not known yet, also where it was published before.
renamed as (

    select
        programme_code,
        account_id,
        holdout_rate,
        arm = 'treated' as is_treated,
        assigned_date
    from ops_programme_assignments
    where assigned_date < {{ as_of_date() }}

)

select * from renamed
