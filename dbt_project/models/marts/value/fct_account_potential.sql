with measures as (select * from {{ ref('int_account_measures_joined') }}),

methods as (select * from {{ ref('policy_wallet_methods') }}),

final as (

    select
        measures.account_id,
        measures.wallet_amount,
        measures.wallet_method,
        methods.name_en as wallet_method_name_en,
        methods.name_zh as wallet_method_name_zh,
        methods.confidence as wallet_confidence,
        measures.wallet_peers_count,
        measures.share_of_wallet_rate,
        cast(measures.wallet_gap_amount as numeric(18, 4)) as wallet_gap_amount,
        measures.growth_rate,
        cast(measures.pipeline_amount as numeric(18, 4)) as pipeline_amount,
        cast(measures.weighted_pipeline_amount as numeric(18, 4)) as weighted_pipeline_amount,
        measures.unweighted_opportunities_count,
        measures.white_space_amount,
        measures.white_space_categories_count,
        measures.contacts_count as contacts_365d_count,
        measures.reply_rate,
        measures.meetings_kept_rate,
        measures.willingness_rate,
        case
            when measures.wallet_amount is not null then null
            when not measures.has_order_lines then 'no_source'
            else 'too_few_peers'
        end as wallet_unknown_reason,
        {{ unknown_reason('measures.growth_rate', 'measures.has_order_lines', 'no_year_before') }}
            as growth_unknown_reason,
        {{ unknown_reason('measures.pipeline_amount', 'false', 'no_source') }}
            as pipeline_unknown_reason,
        case
            when measures.white_space_amount is not null then null
            when not measures.has_order_lines then 'no_source'
            when measures.has_wallet_peers then 'no_category'
            else 'too_few_peers'
        end as white_space_unknown_reason,
        {{ unknown_reason(
            'measures.willingness_rate',
            'measures.has_interactions',
            'too_few_contacts',
        ) }}
            as willingness_unknown_reason,
        {{ as_of_date() }} as as_of_date
    from measures
    left join methods on measures.wallet_method = methods.wallet_method
    where measures.is_current

)

select * from final
