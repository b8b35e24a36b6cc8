with openness as (select * from {{ ref('int_account_openness_measured') }}),

policy as ({{ policy_values(['willingness_contacts_minimum']) }}),

final as (

    select
        openness.account_id,
        openness.contacts_count,
        openness.reply_rate,
        openness.meetings_kept_rate,
        -- half of either, or all of the one that is known
        case
            when openness.contacts_count >= policy.willingness_contacts_minimum
                then (
                    openness.reply_rate
                    + coalesce(openness.meetings_kept_rate, openness.reply_rate)
                ) / 2
        end as willingness_rate,
        openness.snapshot_date
    from openness
    cross join policy

)

select * from final
