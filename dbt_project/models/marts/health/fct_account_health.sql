{#- The score, what it is made of, and what that rests on. -#}
with health as (select * from {{ ref('int_account_health_banded') }}),

spread as (select * from {{ ref('int_health_groups_spread') }}),

facts as (select * from {{ ref('int_health_facts_joined') }}),

months as (select * from {{ ref('int_relationship_months_held') }}),

profiles as (select * from {{ ref('policy_health_profiles') }}),

caps as (select * from {{ ref('policy_health_caps') }}),

bands as (select * from {{ ref('policy_health_bands') }}),

final as (

    select
        health.account_id || '|' || health.snapshot_date as account_health_key,
        health.account_id,
        health.snapshot_date,
        health.is_current,
        health.health_score as health_score_high_is_good,
        health.health_score_change,
        health.unknown_reason as health_unknown_reason,
        health.coverage_rate,
        health.band_code,
        bands.name_en as band_name_en,
        bands.name_zh as band_name_zh,
        health.uncapped_score,
        health.cap_code,
        caps.name_en as cap_name_en,
        caps.name_zh as cap_name_zh,
        health.profile_code,
        profiles.name_en as profile_name_en,
        profiles.name_zh as profile_name_zh,
        {%- for code in [
            'orders', 'service', 'payment', 'relationship', 'satisfaction', 'contract',
        ] %}
            spread.{{ code }}_index,
            {{ round_rate('spread.' ~ code ~ '_share_rate') }} as {{ code }}_share_rate,
            spread.{{ code }}_unknown_reason,
        {%- endfor %}
        facts.contract_mode,
        facts.tenure_days,
        {%- for measure in [
            'overdue_ratio', 'spend_trend_rate', 'reply_in_target_rate',
            'resolution_in_target_rate', 'complaint_rate', 'days_late', 'nps_rate', 'csat_rate',
            'contract_days_left', 'renewal_rate',
        ] %}
            {{ round_rate('facts.' ~ measure) }} as {{ measure }},
        {%- endfor %}
        facts.opposing_decision_makers_count,
        facts.overdue_days,
        facts.notices_count,
        {{ as_of_date() }} as as_of_date
    from health
    inner join spread
        on
            health.account_id = spread.account_id
            and health.snapshot_date = spread.snapshot_date
    inner join facts
        on
            health.account_id = facts.account_id
            and health.snapshot_date = facts.snapshot_date
    left join profiles on health.profile_code = profiles.profile_code
    left join caps on health.cap_code = caps.cap_code
    left join bands on health.band_code = bands.band_code

)

{{ final_and_carried('months') }}
