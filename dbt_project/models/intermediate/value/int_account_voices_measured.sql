with responses as (select * from {{ ref('stg_raw__survey_responses') }}),

kinds as (select * from {{ ref('policy_survey_kinds') }}),

tickets as (select * from {{ ref('stg_raw__tickets') }}),

days as (select * from {{ ref('int_value_days_listed') }}),

-- an answer's place between the worst (0) and the best score (1), as fct_feedback has it
voices as (

    select
        responses.account_id,
        responses.survey_response_kind as voice,
        (responses.score - kinds.worst_score)
        / nullif(coalesce(responses.best_score, kinds.best_score) - kinds.worst_score, 0)
            as score_rate,
        kinds.high_from_rate,
        kinds.low_below_rate,
        responses.answered_date as heard_date,
        responses.known_date,
        responses.superseded_date
    from responses
    inner join kinds on responses.survey_response_kind = kinds.survey_kind

    union all

    select
        account_id,
        ticket_kind as voice,
        null as score_rate,
        null as high_from_rate,
        null as low_below_rate,
        opened_date as heard_date,
        known_date,
        superseded_date
    from tickets
    where ticket_kind = 'complaint'

),

-- a score outside its scale says nothing
heard as (

    select
        voices.*,
        case
            when voices.score_rate >= voices.high_from_rate then 1
            when voices.score_rate < voices.low_below_rate then -1
            else 0
        end as side,
        days.snapshot_date
    from voices
    inner join days
        on
            voices.heard_date <= days.snapshot_date
            and voices.heard_date > {{ add_days('days.snapshot_date', -365) }}
            and {{ is_in_force('voices', 'days.snapshot_date') }}
    where voices.voice = 'complaint' or voices.score_rate between 0 and 1

),

final as (

    select
        account_id,
        sum(case when voice = 'nps' then 1 else 0 end) as nps_answers_count,
        avg(case when voice = 'nps' then cast(side as {{ type_double() }}) end) as nps_rate,
        sum(case when voice = 'csat' then 1 else 0 end) as csat_answers_count,
        -- thirds and sixths, summed in any order, are equal to six decimals
        cast(
            round(avg(case when voice = 'csat' then score_rate end), 6) as {{ type_double() }}
        ) as csat_rate,
        sum(case when voice = 'complaint' then 1 else 0 end) as complaints_count,
        snapshot_date
    from heard
    where account_id is not null
    group by
        account_id,
        snapshot_date

)

select * from final
