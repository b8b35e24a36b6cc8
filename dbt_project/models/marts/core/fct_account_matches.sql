with account_versions as (select * from {{ ref('stg_raw__accounts') }}),

account_keys as (select * from {{ ref('stg_ops__account_keys') }}),

rules as (select * from {{ ref('policy_match_rules') }}),

records as (

    select
        source,
        source_account_id,
        account_id,
        max(case when is_latest then 1 else 0 end) = 1 as is_in_source,
        min(known_date) as first_known_date
    from account_versions
    group by
        source,
        source_account_id,
        account_id

),

-- Where all sources share their account ids nothing had to be decided.
shared as (

    select *
    from rules
    where rule_code = 'shared_id'

),

final as (

    select
        records.source || '|' || records.source_account_id as account_match_key,
        records.source,
        records.source_account_id,
        records.account_id,
        coalesce(account_keys.match_rule, shared.rule_code) as match_rule,
        coalesce(account_keys.match_band, shared.band) as match_band,
        coalesce(account_keys.reason_en, shared.reason_en) as reason_en,
        coalesce(account_keys.reason_zh, shared.reason_zh) as reason_zh,
        account_keys.candidate_account_id,
        account_keys.candidate_reason_en,
        account_keys.candidate_reason_zh,
        cast(account_keys.match_score as numeric(5, 4)) as match_score,
        cast(account_keys.candidate_score as numeric(5, 4)) as candidate_score,
        records.is_in_source,
        coalesce(account_keys.since_date, records.first_known_date) as since_date,
        {{ as_of_date() }} as as_of_date
    from records
    cross join shared
    left join account_keys
        on
            records.source = account_keys.source
            and records.source_account_id = account_keys.source_account_id
            and records.account_id = account_keys.account_id
            and account_keys.is_latest

)

select * from final
