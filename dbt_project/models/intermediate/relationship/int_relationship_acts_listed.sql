with interaction_acts as (select * from {{ ref('int_interaction_acts_listed') }}),

voice_acts as (select * from {{ ref('int_voice_acts_listed') }}),

deal_acts as (select * from {{ ref('int_deal_acts_listed') }}),

kinds as (select * from {{ ref('policy_evidence_kinds') }}),

records_changed as (select * from {{ ref('stg_raw__records_changed') }}),

-- acts of records that read otherwise, and those whose day has come
changed as (

    select
        source,
        record_id
    from records_changed
    where entity = 'interactions'
    {% if var('carried_schema') -%}
        union all

        select
            source,
            record_id
        from interaction_acts
        where happened_date > {{ carried_as_of_date() }}
    {%- endif %}

),

acts as (

    select *
    from interaction_acts
    where {{ is_read_anew('interaction_acts', ['source', 'record_id'], 'changed') }}
    union all
    select * from voice_acts
    union all
    select * from deal_acts

),

-- A version per version of the record. A record that tells of the same act by its kind and
-- in its note tells of it once; it is known since the first version that told of it.
keyed as (

    select distinct
        source,
        entity,
        record_id,
        source || '|' || entity || '|' || record_id || '|' || kind as evidence_key,
        source || '|' || entity || '|' || record_id as source_reference,
        kind,
        account_id,
        source || '|' || contact_id as contact_key,
        source || '|' || opportunity_id as opportunity_key,
        account_manager_id,
        happened_date,
        known_date,
        superseded_date
    from acts
    where happened_date <= {{ as_of_date() }}

),

final as (

    select
        keyed.source,
        keyed.entity,
        keyed.record_id,
        keyed.evidence_key,
        keyed.source_reference,
        keyed.kind,
        kinds.polarity,
        kinds.counts_as,
        keyed.account_id,
        keyed.contact_key,
        keyed.opportunity_key,
        keyed.account_manager_id,
        keyed.superseded_date is null as is_latest,
        keyed.happened_date,
        min(keyed.known_date) over (partition by keyed.evidence_key) as first_known_date,
        keyed.known_date,
        keyed.superseded_date
    from keyed
    inner join kinds on keyed.kind = kinds.evidence_kind

)

{{ rest_carried(
    'final', 'changed', ['source', 'record_id'], only="carried.entity = 'interactions'"
) }}
