with moves as (select * from {{ ref('int_contact_moves_found') }}),

evidence as (select * from {{ ref('fct_relationship_evidence') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),

reasons as (select * from {{ ref('policy_relationship_move_reasons') }}),

-- what came to be known between the two days and speaks for the way the level went
causes as (

    select
        moves.contact_key,
        moves.snapshot_date,
        count(*) as evidence_count,
        {{ dbt.listagg('evidence.evidence_key', "','", 'order by evidence.evidence_key') }}
            as evidence_keys
    from moves
    inner join evidence
        on
            moves.contact_key = evidence.contact_key
            and moves.counted_date >= evidence.happened_date
            and moves.snapshot_date >= evidence.known_date
            and moves.from_snapshot_date
            < greatest(evidence.happened_date, evidence.known_date)
            and evidence.counts_as is not null
            and (evidence.counts_as = 'opposition') = (moves.computed_level < 0)
            and (moves.from_computed_level >= 0 or evidence.polarity <> 'neutral')
    where moves.is_of_evidence
    group by
        moves.contact_key,
        moves.snapshot_date

),

explained as (

    select
        moves.*,
        causes.evidence_count,
        causes.evidence_keys,
        case
            when moves.move_reason is not null then moves.move_reason
            when causes.evidence_count > 0 then 'evidence'
            when moves.is_decayed then 'decay'
            when moves.computed_level < moves.from_computed_level or moves.from_computed_level < 0
                then 'aged'
            else 'corrected'
        end as reason
    from moves
    left join causes
        on
            moves.contact_key = causes.contact_key
            and moves.snapshot_date = causes.snapshot_date

),

final as (

    select
        explained.contact_key,
        accounts.account_id,
        explained.from_level,
        explained.to_level,
        explained.reason as move_reason,
        reasons.name_en as move_reason_name_en,
        reasons.name_zh as move_reason_name_zh,
        coalesce(explained.evidence_count, 0) as evidence_count,
        explained.evidence_keys,
        explained.from_snapshot_date,
        explained.snapshot_date,
        {{ as_of_date() }} as as_of_date
    from explained
    inner join reasons on explained.reason = reasons.move_reason
    left join accounts on explained.account_id = accounts.account_id

)

select * from final
