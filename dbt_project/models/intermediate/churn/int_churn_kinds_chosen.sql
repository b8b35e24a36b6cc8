{%- set chosen = var('scored_churn', none) -%}
{%- set is_scored = "churn_kind = '" ~ chosen ~ "'" if chosen else 'coalesce(is_scored, false)' -%}
with kinds as (select * from {{ ref('policy_churn_kinds') }}),

final as (

    select
        churn_kind,
        {{ is_scored }} as is_scored
    from kinds

)

select * from final
