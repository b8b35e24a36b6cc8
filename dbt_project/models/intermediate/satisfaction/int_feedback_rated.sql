with responses as (select * from {{ ref('stg_raw__survey_responses') }}),

kinds as (select * from {{ ref('policy_survey_kinds') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),


scaled as (

    select
        responses.*,
        kinds.worst_score,
        coalesce(responses.best_score, kinds.best_score) as scale_best_score,
        kinds.high_from_rate,
        kinds.low_below_rate,
        kinds.high_code,
        kinds.middle_code,
        kinds.low_code
    from responses
    inner join kinds on responses.survey_response_kind = kinds.survey_kind
    where responses.is_latest and responses.answered_date <= {{ as_of_date() }}

),

-- a score outside its scale says nothing
rated as (

    select
        *,
        case
            when score between worst_score and scale_best_score
                then cast(
                    (score - worst_score) / nullif(scale_best_score - worst_score, 0)
                    as numeric(18, 4)
                )
        end as score_rate
    from scaled

),

final as (

    select
        rated.source,
        rated.survey_response_id,
        accounts.account_id,
        rated.contact_id,
        rated.ticket_id,
        rated.order_id,
        rated.survey_response_kind as kind,
        rated.theme,
        case
            when rated.score_rate >= rated.high_from_rate then rated.high_code
            when rated.score_rate < rated.low_below_rate then rated.low_code
            when rated.score_rate is not null then rated.middle_code
        end as category,
        rated.score,
        rated.scale_best_score as best_score,
        rated.score_rate,
        -- what the answer weighs in a net score: for, neither, against
        case
            when rated.score_rate >= rated.high_from_rate then 1
            when rated.score_rate < rated.low_below_rate then -1
            when rated.score_rate is not null then 0
        end as vote,
        {{ hours_between('rated.asked_at', 'rated.answered_at') }} as response_hours,
        rated.asked_date,
        rated.answered_date
    from rated
    left join accounts on rated.account_id = accounts.account_id

)

select * from final
