with openness as (

    select * from {{ ref('int_account_openness_measured') }}

),

parameters as (

    select * from {{ ref('policy_parameters') }}

),

policy as (

    select
        {{ pivot_parameters(['willingness_contacts_minimum']) }}
    from parameters

),

final as (

    select
        openness.account_id,
        openness.contacts_count,
        cast(openness.reply_rate as {{ type_double() }}) as reply_rate,
        cast(openness.meetings_kept_rate as {{ type_double() }}) as meetings_kept_rate,
        -- half of either, or all of the one that is known
        case
            when openness.contacts_count >= policy.willingness_contacts_minimum
                then cast(
                    (
                        openness.reply_rate
                        + coalesce(openness.meetings_kept_rate, openness.reply_rate)
                    ) / 2 as {{ type_double() }}
                )
        end as willingness_rate,
        openness.snapshot_date
    from openness
    cross join policy

)

select * from final
