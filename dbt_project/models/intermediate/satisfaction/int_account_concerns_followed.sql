with concerns as (select * from {{ ref('int_account_concerns_listed') }}),

interactions as (select * from {{ ref('stg_raw__interactions') }}),

policy as ({{ policy_values(['feedback_loop_days']) }}),

-- days on which we spoke to them, and somebody was there
contact_days as (

    select distinct
        account_id,
        happened_date
    from interactions
    where
        is_latest
        and happened_date <= {{ as_of_date() }}
        and coalesce(interaction_status, 'done') = 'done'
        and coalesce(direction, 'mutual') <> 'inbound'
        and coalesce(interaction_outcome, 'neutral') <> 'no_response'
        and account_id is not null

),

contacted as (

    select distinct concerns.concern_key
    from concerns
    cross join policy
    inner join contact_days
        on
            concerns.account_id = contact_days.account_id
            and concerns.contact_from_date <= contact_days.happened_date
            and {{ days_between('concerns.contact_from_date', 'contact_days.happened_date') }}
            <= policy.feedback_loop_days

),

records as (

    select count(*) as contact_days_count
    from contact_days

),

-- without any contact on record, nobody can say that we did not call
final as (

    select
        concerns.concern_key,
        concerns.account_id,
        concerns.concern_kind,
        concerns.is_answered,
        concerns.is_settled,
        case
            when records.contact_days_count > 0 then contacted.concern_key is not null
        end as is_contacted,
        concerns.raised_date
    from concerns
    cross join records
    left join contacted on concerns.concern_key = contacted.concern_key

)

select * from final
