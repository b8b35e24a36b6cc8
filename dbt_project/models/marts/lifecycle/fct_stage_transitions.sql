with counted as (select * from {{ ref('int_stage_transitions_counted') }}),

lifecycle_stages as (select * from {{ ref('policy_lifecycle_stages') }}),

rfm_segment_names as (select * from {{ ref('policy_rfm_segment_names') }}),

abc_classes as (select * from {{ ref('policy_abc_classes') }}),

state_words as (select * from {{ ref('policy_state_words') }}),

policy as ({{ policy_values(['confidence_z']) }}),

names as (

    select
        'stage' as dimension,
        stage_code as state_code,
        name_en,
        name_zh
    from lifecycle_stages
    union all
    select
        'rfm' as dimension,
        segment_code as state_code,
        name_en,
        name_zh
    from rfm_segment_names
    union all
    select
        'abc' as dimension,
        abc_class as state_code,
        name_en,
        name_zh
    from abc_classes
    union all
    select
        'any' as dimension,
        state_code,
        name_en,
        name_zh
    from state_words

),

final as (

    select
        counted.month_date || '|' || counted.dimension || '|' || counted.from_code
        || '|' || counted.to_code as transition_key,
        counted.dimension,
        counted.from_code,
        from_names.name_en as from_name_en,
        from_names.name_zh as from_name_zh,
        counted.to_code,
        to_names.name_en as to_name_en,
        to_names.name_zh as to_name_zh,
        cast(counted.from_accounts_count as bigint) as from_accounts_count,
        counted.accounts_count,
        cast(counted.accounts_count / counted.from_accounts_count as {{ type_double() }})
            as transition_rate,
        {{ wilson_bound('counted.accounts_count', 'counted.from_accounts_count', '-') }}
            as transition_rate_low,
        {{ wilson_bound('counted.accounts_count', 'counted.from_accounts_count', '+') }}
            as transition_rate_high,
        counted.from_amount as from_revenue_365d_amount,
        counted.to_amount as to_revenue_365d_amount,
        cast(
            case
                when counted.all_from_amount > 0
                    then counted.from_amount / counted.all_from_amount
            end as {{ type_double() }}
        ) as revenue_rate,
        counted.is_entry,
        counted.is_exit,
        counted.month_date,
        {{ as_of_date() }} as as_of_date
    from counted
    cross join policy
    left join names as from_names
        on
            counted.from_code = from_names.state_code
            and from_names.dimension in (counted.dimension, 'any')
    left join names as to_names
        on
            counted.to_code = to_names.state_code
            and to_names.dimension in (counted.dimension, 'any')

)

select * from final
