with decided as (select * from {{ ref('int_key_account_tiers_decided') }}),

scores as (select * from {{ ref('int_key_accounts_scored') }}),

tiers as (select * from {{ ref('policy_key_account_tiers') }}),

followed as (

    select
        *,
        lag(tier_code) over (
            partition by account_id
            order by snapshot_date
        ) as previous_tier_code,
        lag(snapshot_date) over (
            partition by account_id
            order by snapshot_date
        ) as previous_tier_date
    from decided

),

final as (

    select
        followed.account_id,
        followed.tier_code,
        tiers.name_en as tier_name_en,
        tiers.name_zh as tier_name_zh,
        followed.computed_tier_code,
        followed.previous_tier_code,
        followed.previous_tier_date,
        scores.value_rate,
        scores.loyalty_rate,
        scores.potential_rate,
        scores.score_rate,
        scores.coverage_rate,
        followed.unrated_reason,
        followed.override_owner is not null as is_overridden,
        followed.override_owner,
        followed.override_reason,
        followed.override_until_date,
        tiers.visit_interval_days,
        tiers.review_interval_days,
        tiers.reply_target_hours,
        tiers.service_en,
        tiers.service_zh,
        {{ as_of_date() }} as as_of_date
    from followed
    left join scores
        on
            followed.account_id = scores.account_id
            and followed.snapshot_date = scores.snapshot_date
    left join tiers on followed.tier_code = tiers.tier_code
    where followed.is_current

)

select * from final
