with mentions as (

    select
        *,
        {{ quarter_start('mentioned_date') }} as quarter_date
    from {{ ref('int_need_mentions_judged') }}

),

themes as (select * from {{ ref('policy_need_themes') }}),

policy as ({{ policy_values(['need_quarters_count']) }}),

recent as (

    select mentions.*
    from mentions
    cross join policy
    where
        {{ month_number('mentions.quarter_date') }}
        > {{ month_number(quarter_start(as_of_date())) }} - 3 * policy.need_quarters_count

),

summed as (

    select
        account_id,
        theme_code,
        count(*) as mentions_count,
        count(case when is_unmet then 1 end) as unmet_count,
        count(case when record_kind = 'ticket' then 1 end) as ticket_mentions_count,
        count(case when record_kind = 'survey_response' then 1 end) as survey_mentions_count,
        count(case when record_kind = 'interaction' then 1 end) as interaction_mentions_count,
        count(case when record_kind = 'churn_reason' then 1 end) as churn_mentions_count,
        -- of products mentioned equally often the first by its number
        mode() within group (order by product_id) as linked_product_id,
        case when count(distinct category) = 1 then max(category) end as linked_category,
        max(mentioned_date) as last_mentioned_date,
        quarter_date
    from recent
    group by
        account_id,
        theme_code,
        quarter_date

),

final as (

    select
        summed.account_id || '|' || summed.theme_code || '|' || summed.quarter_date
            as account_need_key,
        summed.account_id,
        summed.theme_code,
        themes.label_en as theme_en,
        themes.label_zh as theme_zh,
        summed.mentions_count,
        summed.unmet_count,
        summed.ticket_mentions_count,
        summed.survey_mentions_count,
        summed.interaction_mentions_count,
        summed.churn_mentions_count,
        summed.linked_product_id,
        summed.linked_category,
        summed.last_mentioned_date,
        summed.quarter_date,
        {{ as_of_date() }} as as_of_date
    from summed
    left join themes on summed.theme_code = themes.theme_code

)

select * from final
