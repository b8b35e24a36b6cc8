with moves as (select * from {{ ref('int_contact_moves_found') }}),

acts as (select * from {{ ref('int_relationship_acts_listed') }}),

comparisons as (select * from {{ ref('int_relationship_comparisons_listed') }}),

-- what came to be known between the two days and speaks for the way the level went
causes as (

    select
        moves.contact_key,
        moves.comparison_key,
        count(*) as evidence_count,
        {{ dbt.listagg('acts.evidence_key', "','", 'order by acts.evidence_key') }}
            as evidence_keys
    from moves
    inner join acts
        on
            moves.contact_key = acts.contact_key
            and moves.counted_date >= acts.happened_date
            and {{ is_in_force('acts', 'moves.snapshot_date') }}
            and moves.from_snapshot_date
            < greatest(acts.happened_date, acts.first_known_date)
            and acts.counts_as is not null
            and (acts.counts_as = 'opposition') = (moves.computed_level < 0)
            and (moves.from_computed_level >= 0 or acts.polarity <> 'neutral')
    where moves.is_of_evidence
    group by
        moves.contact_key,
        moves.comparison_key

),

final as (

    select
        moves.comparison_key,
        moves.compared_with,
        moves.contact_key,
        moves.account_id,
        moves.from_level,
        moves.to_level,
        case
            when moves.move_reason is not null then moves.move_reason
            when causes.evidence_count > 0 then 'evidence'
            when moves.is_decayed then 'decay'
            when moves.computed_level < moves.from_computed_level or moves.from_computed_level < 0
                then 'aged'
            else 'corrected'
        end as move_reason,
        coalesce(causes.evidence_count, 0) as evidence_count,
        causes.evidence_keys,
        moves.from_snapshot_date,
        moves.snapshot_date
    from moves
    left join causes
        on
            moves.contact_key = causes.contact_key
            and moves.comparison_key = causes.comparison_key

)

{{ final_and_carried('comparisons', day='comparison_key') }}
