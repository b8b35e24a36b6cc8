with account_days as (select * from {{ ref('int_account_days_known') }}),

contracts as (select * from {{ ref('stg_raw__contracts') }}),

kinds as (select * from {{ ref('int_churn_kinds_chosen') }}),

restatements as (select * from {{ ref('int_restatements_found') }}),

policy as ({{ policy_values(['snapshot_months_count']) }}),

beginnings as (

    select min(known_date) as first_known_date
    from account_days

    union all

    -- who never orders has a past all the same
    select min(contracts.known_date) as first_known_date
    from contracts
    inner join kinds on kinds.churn_kind = 'contractual' and kinds.is_scored

),

history as (

    select min(first_known_date) as first_known_date
    from beginnings

),

month_ends as (

    {{ month_ends_before(as_of_date(), 120) }}

),

-- what the live night had measured of days that were past for it, unless they read otherwise
carried as (

    {% if var('carried_schema') -%}
        select snapshot_date
        from {{ carried_relation('int_snapshot_dates_listed') }}
        where
            not is_current
            and not exists (
                select restatements.account_id
                from restatements
                where restatements.is_of_sales
            )
    {%- else -%}
        select cast(null as date) as snapshot_date
    {%- endif %}

),

final as (

    select
        carried.snapshot_date is not null as is_carried,
        false as is_current,
        month_ends.month_end as snapshot_date
    from month_ends
    cross join policy
    cross join history
    left join carried on month_ends.month_end = carried.snapshot_date
    where
        month_ends.months_back <= policy.snapshot_months_count
        and month_ends.month_end >= history.first_known_date

    union all

    select
        false as is_carried,
        true as is_current,
        {{ as_of_date() }} as snapshot_date

)

select * from final
