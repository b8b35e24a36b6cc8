with responses as (select * from {{ ref('stg_raw__survey_responses') }}),

kinds as (select * from {{ ref('policy_survey_kinds') }}),

days as (select * from {{ ref('int_relationship_months_listed') }}),

policy as ({{ health_policy('window_days', ['nps_rate', 'csat_rate']) }}),

heard as (

    select
        responses.account_id,
        responses.survey_response_kind as kind,
        kinds.high_from_rate,
        kinds.low_below_rate,
        (responses.score - kinds.worst_score)
        / nullif(coalesce(responses.best_score, kinds.best_score) - kinds.worst_score, 0)
            as score_rate,
        {{ days_between('responses.answered_date', 'days.snapshot_date') }} as age_days,
        days.snapshot_date
    from responses
    inner join kinds on responses.survey_response_kind = kinds.survey_kind
    inner join days
        on
            responses.answered_date <= days.snapshot_date
            and {{ is_in_force('responses', 'days.snapshot_date') }}
    where responses.account_id is not null

),

-- a score outside its scale says nothing
voted as (

    select
        *,
        case
            when score_rate >= high_from_rate then 1
            when score_rate < low_below_rate then -1
            else 0
        end as vote
    from heard
    where score_rate between 0 and 1

),

final as (

    select
        voted.account_id,
        cast(round(avg(
            case
                when voted.kind = 'nps' and voted.age_days < policy.nps_rate_window_days
                    then voted.vote
            end
        ), 6) as numeric(18, 6)) as nps_rate,
        cast(round(avg(
            case
                when voted.kind = 'csat' and voted.age_days < policy.csat_rate_window_days
                    then voted.score_rate
            end
        ), 6) as numeric(18, 6)) as csat_rate,
        voted.snapshot_date
    from voted
    cross join policy
    group by
        voted.account_id,
        voted.snapshot_date

)

select * from final
