with concerns as (select * from {{ ref('int_account_concerns_followed') }}),

final as (

    select
        account_id,
        count(case when concern_kind = 'low_answer' then 1 end) as low_answers_count,
        sum(case when concern_kind = 'low_answer' then cast(is_contacted as int) end)
            as low_answers_followed_count,
        count(case when concern_kind = 'complaint' and is_answered then 1 end)
            as complaints_answered_count,
        count(case when concern_kind = 'complaint' and is_settled then 1 end)
            as complaints_settled_count,
        sum(case when concern_kind = 'complaint' then cast(is_contacted as int) end)
            as complaints_told_count,
        {{ month_start('raised_date') }} as month_date
    from concerns
    group by
        account_id,
        {{ month_start('raised_date') }}

)

select * from final
