with scored as (select * from {{ ref('int_account_health_scored') }}),

bands as (select * from {{ ref('policy_health_bands') }}),

reached as (

    select
        scored.account_id,
        max(bands.score_from) as score_from,
        scored.snapshot_date
    from scored
    inner join bands on scored.health_score >= bands.score_from
    group by
        scored.account_id,
        scored.snapshot_date

),

final as (

    select
        scored.account_id,
        scored.profile_code,
        scored.coverage_rate,
        scored.uncapped_score,
        scored.health_score,
        scored.health_score - lag(scored.health_score) over (
            partition by scored.account_id
            order by scored.snapshot_date
        ) as health_score_change,
        bands.band_code,
        scored.cap_code,
        scored.unknown_reason,
        scored.is_current,
        scored.snapshot_date
    from scored
    left join reached
        on
            scored.account_id = reached.account_id
            and scored.snapshot_date = reached.snapshot_date
    left join bands on reached.score_from = bands.score_from

)

select * from final
