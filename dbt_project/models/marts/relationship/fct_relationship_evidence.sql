with acts as (select * from {{ ref('int_relationship_acts_listed') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),

final as (

    select
        acts.evidence_key,
        acts.source_reference,
        accounts.account_id,
        acts.contact_key,
        acts.opportunity_key,
        acts.kind,
        acts.polarity,
        acts.counts_as,
        acts.account_manager_id as recorded_by_id,
        acts.happened_date,
        acts.first_known_date as known_date,
        {{ as_of_date() }} as as_of_date
    from acts
    left join accounts on acts.account_id = accounts.account_id
    where acts.is_latest

)

select * from final
