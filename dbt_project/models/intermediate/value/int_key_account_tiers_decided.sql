with scores as (select * from {{ ref('int_key_accounts_scored') }}),

measures as (select * from {{ ref('int_account_measures_joined') }}),

tiers as (select * from {{ ref('policy_key_account_tiers') }}),

overrides as (select * from {{ ref('policy_key_account_overrides') }}),

-- the best tier whose lower limit the score reaches
reached as (

    select
        scores.account_id,
        max(tiers.score_from) as score_from,
        scores.snapshot_date
    from scores
    inner join tiers on scores.score_rate >= tiers.score_from
    where scores.is_rated
    group by
        scores.account_id,
        scores.snapshot_date

),

-- the decision that began last, should two hold
ordered as (

    select
        measures.account_id,
        max(overrides.valid_from) as valid_from,
        measures.snapshot_date
    from measures
    inner join overrides
        on
            measures.account_id = overrides.account_id
            and measures.snapshot_date between overrides.valid_from and overrides.valid_until
    group by
        measures.account_id,
        measures.snapshot_date

),

final as (

    select
        measures.account_id,
        coalesce(overrides.tier_code, tiers.tier_code, 'N') as tier_code,
        coalesce(tiers.tier_code, 'N') as computed_tier_code,
        case
            when tiers.tier_code is not null then null
            when measures.tenure_days is null then 'not_yet_customer'
            else 'too_little_known'
        end as unrated_reason,
        overrides.owner as override_owner,
        overrides.reason as override_reason,
        overrides.valid_until as override_until_date,
        measures.is_current,
        measures.snapshot_date
    from measures
    left join reached
        on
            measures.account_id = reached.account_id
            and measures.snapshot_date = reached.snapshot_date
    left join tiers on reached.score_from = tiers.score_from
    left join ordered
        on
            measures.account_id = ordered.account_id
            and measures.snapshot_date = ordered.snapshot_date
    left join overrides
        on
            ordered.account_id = overrides.account_id
            and ordered.valid_from = overrides.valid_from

)

select * from final
