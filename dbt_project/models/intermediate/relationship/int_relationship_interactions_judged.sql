with interactions as (select * from {{ ref('stg_raw__interactions') }}),

kinds as (select * from {{ ref('policy_interaction_kinds') }}),

-- what took place; messages in chats may be private and are not looked at
judged as (

    select
        interactions.*,
        kinds.is_two_way as is_meeting,
        {{ was_two_way('kinds.is_two_way', 'interactions') }} as is_answered
    from interactions
    inner join kinds on interactions.interaction_kind = kinds.interaction_kind
    where
        kinds.counts_as_evidence
        and coalesce(interactions.interaction_status, 'done') = 'done'

),

final as (

    select
        judged.source || '|' || judged.interaction_id as interaction_key,
        judged.account_id,
        judged.source || '|' || judged.contact_id as contact_key,
        judged.is_answered as is_two_way,
        -- events are left out: hospitality proves no trust
        coalesce(
            judged.is_meeting
            and judged.is_answered
            and judged.counterpart_level = 'executive'
            and judged.our_level = 'executive',
            false
        ) as is_executive_meeting,
        judged.happened_date,
        judged.known_date,
        judged.superseded_date
    from judged

)

select * from final
