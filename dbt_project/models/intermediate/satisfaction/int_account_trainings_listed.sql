with interactions as (select * from {{ ref('stg_raw__interactions') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),

policy as ({{ policy_values(['training_window_days']) }}),

held as (

    select
        interactions.account_id,
        count(*) as interactions_count,
        -- nobody named is not nobody there; who are counted need no names
        nullif(
            coalesce(sum(interactions.participant_count), 0)
            + count(
                distinct case
                    when interactions.participant_count is null
                        then interactions.source || '|' || interactions.contact_id
                end
            ),
            0
        ) as people_trained_count,
        interactions.happened_date as training_date
    from interactions
    inner join accounts on interactions.account_id = accounts.account_id
    where
        interactions.is_latest
        and interactions.interaction_kind = 'training'
        and coalesce(interactions.interaction_status, 'done') = 'done'
        and interactions.happened_date <= {{ as_of_date() }}
        and not accounts.is_internal
    group by
        interactions.account_id,
        interactions.happened_date

),

final as (

    select
        held.account_id,
        held.interactions_count,
        held.people_trained_count,
        held.training_date,
        {{ add_days('held.training_date', '-policy.training_window_days') }} as from_date,
        {{ add_days('held.training_date', 'policy.training_window_days') }} as to_date
    from held
    cross join policy

)

select * from final
