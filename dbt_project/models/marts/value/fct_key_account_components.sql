with ranked as (select * from {{ ref('int_key_account_components_ranked') }}),

components as (select * from {{ ref('policy_key_account_components') }}),

reasons as (select * from {{ ref('policy_unknown_reasons') }}),

final as (

    select
        ranked.account_id || '|' || ranked.component_code as key_account_component_key,
        ranked.account_id,
        ranked.component_code,
        components.name_en as component_name_en,
        components.name_zh as component_name_zh,
        ranked.dimension_code,
        ranked.component_value,
        components.is_high_good,
        ranked.peer_rate,
        ranked.peers_count,
        ranked.rank_industry as peer_industry,
        cast(ranked.weight as {{ type_double() }}) as weight_rate,
        ranked.peer_rate is not null as is_known,
        ranked.unknown_reason,
        reasons.text_en as unknown_text_en,
        reasons.text_zh as unknown_text_zh,
        {{ as_of_date() }} as as_of_date
    from ranked
    inner join components on ranked.component_code = components.component_code
    left join reasons on ranked.unknown_reason = reasons.unknown_reason
    where ranked.is_current

)

select * from final
