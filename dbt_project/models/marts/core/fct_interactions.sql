with interactions as (select * from {{ ref('stg_raw__interactions') }}),

kinds as (select * from {{ ref('policy_interaction_kinds') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),


standing as (

    select
        interactions.*,
        accounts.account_id as known_account_id,
        -- what is dated later has not happened, whatever was forgotten to be said
        case
            when
                coalesce(interactions.interaction_status, 'done') = 'done'
                and interactions.happened_date > {{ as_of_date() }}
                then 'planned'
            else coalesce(interactions.interaction_status, 'done')
        end as status,
        kinds.is_two_way as is_two_way_by_kind
    from interactions
    left join accounts on interactions.account_id = accounts.account_id
    left join kinds on interactions.interaction_kind = kinds.interaction_kind
    where interactions.is_latest

),

final as (

    select
        source || '|' || interaction_id as interaction_key,
        source,
        interaction_id,
        known_account_id as account_id,
        source || '|' || contact_id as contact_key,
        source || '|' || opportunity_id as opportunity_key,
        campaign_id,
        account_manager_id,
        interaction_kind as kind,
        direction,
        status,
        interaction_outcome as outcome,
        counterpart_level,
        our_level,
        evidence,
        duration_minutes,
        status = 'done' as is_done,
        case
            when status <> 'done' then false
            else {{ was_two_way('is_two_way_by_kind') }}
        end as is_two_way,
        happened_date,
        happened_at,
        {{ as_of_date() }} as as_of_date
    from standing

)

select * from final
