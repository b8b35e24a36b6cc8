with feedback as (select * from {{ ref('int_feedback_rated') }}),

-- The worst answer of a day stands for it: which of two came first is not asked.
verdicts as (

    select
        account_id,
        min(vote) as vote,
        answered_date as verdict_date
    from feedback
    where
        kind = 'csat'
        and vote <> 0
        and account_id is not null
    group by
        account_id,
        answered_date

),

final as (

    select
        account_id,
        vote = 1 as is_good,
        coalesce(vote = -1 and lag(vote) over own_days = 1, false) as is_good_to_bad,
        coalesce(vote = 1 and lag(vote) over own_days = -1, false) as is_bad_to_good,
        verdict_date,
        lead(verdict_date) over own_days as next_verdict_date
    from verdicts
    window own_days as (
        partition by account_id
        order by verdict_date
    )

)

select * from final
