with moves as (select * from {{ ref('int_contact_moves_explained') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),

reasons as (select * from {{ ref('policy_relationship_move_reasons') }}),

final as (

    select
        moves.contact_key,
        accounts.account_id,
        moves.compared_with,
        moves.from_level,
        moves.to_level,
        moves.move_reason,
        reasons.name_en as move_reason_name_en,
        reasons.name_zh as move_reason_name_zh,
        moves.evidence_count,
        moves.evidence_keys,
        moves.from_snapshot_date,
        moves.snapshot_date,
        {{ as_of_date() }} as as_of_date
    from moves
    inner join reasons on moves.move_reason = reasons.move_reason
    left join accounts on moves.account_id = accounts.account_id

)

select * from final
