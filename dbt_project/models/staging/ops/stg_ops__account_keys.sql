with ops_account_keys as (select * from {{ source('ops', 'account_keys') }}),

renamed as (

    select
        source,
        source_account_id,
        account_id,
        match_rule,
        match_band,
        match_score,
        reason_en,
        reason_zh,
        candidate_account_id,
        candidate_score,
        candidate_reason_en,
        candidate_reason_zh,
        lead(decided_date) over (
            partition by source, source_account_id
            order by decided_date
        ) is null as is_latest,
        since_date,
        decided_date
    from ops_account_keys
    where decided_date <= {{ as_of_date() }}

)

select * from renamed
