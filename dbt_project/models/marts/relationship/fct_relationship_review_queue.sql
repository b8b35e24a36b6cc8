with found as (select * from {{ ref('int_relationship_review_reasons_found') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),

compared as (select * from {{ ref('int_account_relationships_compared') }}),

reviews as (select * from {{ ref('stg_raw__relationship_reviews') }}),

reasons as (select * from {{ ref('policy_relationship_review_reasons') }}),

reviewed as (

    select
        account_id,
        max(reviewed_date) as last_reviewed_date
    from reviews
    where is_latest and reviewed_date <= {{ as_of_date() }}
    group by account_id

),

-- whoever looked on the day on which a reason arose, or later, has seen it
waiting as (

    select
        found.account_id,
        found.reason_code,
        cast(found.reason_value as numeric(9, 2)) as reason_value,
        found.arisen_date,
        accounts.account_manager_id,
        compared.relationship_index,
        reviewed.last_reviewed_date
    from found
    inner join accounts on found.account_id = accounts.account_id
    inner join compared
        on
            found.account_id = compared.account_id
            and compared.is_current
    left join reviewed on found.account_id = reviewed.account_id
    where
        reviewed.last_reviewed_date is null
        or reviewed.last_reviewed_date < found.arisen_date

),

worded as (

    select
        waiting.*,
        reasons.priority,
        reasons.name_en,
        reasons.name_zh,
        reasons.text_en,
        reasons.text_zh,
        reasons.task_en,
        reasons.task_zh,
        case
            when waiting.reason_code != 'changed'
                then cast(cast(waiting.reason_value as int) as {{ type_text() }})
            when waiting.reason_value > 0
                then '+' || cast(waiting.reason_value as {{ type_text() }})
            else cast(waiting.reason_value as {{ type_text() }})
        end as value_text
    from waiting
    inner join reasons on waiting.reason_code = reasons.reason_code

),

final as (

    select
        account_id || '|' || reason_code as review_queue_key,
        account_id,
        account_manager_id,
        reason_code,
        name_en as reason_name_en,
        name_zh as reason_name_zh,
        replace(text_en, '{value}', coalesce(value_text, '')) as reason_text_en,
        replace(text_zh, '{value}', coalesce(value_text, '')) as reason_text_zh,
        task_en as reason_task_en,
        task_zh as reason_task_zh,
        reason_value,
        priority as reason_priority,
        min(priority) over (partition by account_id) as account_priority,
        count(*) over (partition by account_id) as account_reasons_count,
        relationship_index,
        arisen_date,
        last_reviewed_date,
        {{ as_of_date() }} as as_of_date
    from worded

)

select * from final
