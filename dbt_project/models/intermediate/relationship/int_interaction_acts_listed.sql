with interactions as (select * from {{ ref('stg_raw__interactions') }}),

kinds as (select * from {{ ref('policy_interaction_kinds') }}),

changed as (

    select
        source,
        record_id as interaction_id
    from {{ ref('stg_raw__records_changed') }}
    where entity = 'interactions'

),

-- what took place; messages in chats may be private and are not looked at
held as (

    select
        interactions.*,
        kinds.evidence_kind,
        {{ was_two_way('kinds.is_two_way', 'interactions') }} as was_two_way
    from interactions
    inner join kinds on interactions.interaction_kind = kinds.interaction_kind
    where
        kinds.counts_as_evidence
        and coalesce(interactions.interaction_status, 'done') = 'done'
        and {{ is_read_anew('interactions', ['source', 'interaction_id'], 'changed') }}

),

told as (
    {% for kind, condition in {
        "'two_way_contact'": 'was_two_way',
        'evidence_kind': 'was_two_way and evidence_kind is not null',
        "'customer_initiated'": "direction = 'inbound'",
        'evidence': 'evidence is not null',
    }.items() %}
        select
            held.*,
            {{ kind }} as kind
        from held
        where {{ condition }}
        {{ "union all" if not loop.last }}
    {% endfor %}
),

final as (

    select
        source,
        'interactions' as entity,
        interaction_id as record_id,
        kind,
        account_id,
        contact_id,
        opportunity_id,
        account_manager_id,
        happened_date,
        known_date,
        superseded_date
    from told

)

{{ rest_carried('final', 'changed', {'source': 'source', 'record_id': 'interaction_id'}) }}
