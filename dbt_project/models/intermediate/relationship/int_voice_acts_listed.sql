{%- set acts = {
    'members': (
        'campaign_members', 'campaign_member_id', "'attended_event'", 'joined_date',
        "campaign_member_status = 'attended'",
    ),
    'referrals': ('referrals', 'referral_id', "'gave_referral'", 'referred_date', 'true'),
    'tickets': (
        'tickets', 'ticket_id', "'raised_complaint'", 'opened_date', "ticket_kind = 'complaint'",
    ),
    'rated': (
        'survey_responses', 'survey_response_id', 'vote_kind', 'answered_date',
        'vote_kind is not null',
    ),
} -%}
with members as (select * from {{ ref('stg_raw__campaign_members') }}),

referrals as (select * from {{ ref('stg_raw__referrals') }}),

tickets as (select * from {{ ref('stg_raw__tickets') }}),

responses as (select * from {{ ref('stg_raw__survey_responses') }}),

kinds as (select * from {{ ref('policy_survey_kinds') }}),

-- from the worst (0) to the best score (1), as fct_feedback has it; an odd score says nothing
scaled as (

    select
        responses.*,
        kinds.high_from_rate,
        kinds.low_below_rate,
        (responses.score - kinds.worst_score)
        / nullif(coalesce(responses.best_score, kinds.best_score) - kinds.worst_score, 0)
            as score_rate
    from responses
    inner join kinds on responses.survey_response_kind = kinds.survey_kind
    where responses.survey_response_kind = 'nps'

),

rated as (

    select
        *,
        case
            when score_rate >= high_from_rate then 'would_recommend'
            when score_rate < low_below_rate then 'would_not_recommend'
        end as vote_kind
    from scaled
    where score_rate between 0 and 1

),

final as (
    {% for records, (entity, key, kind, day, condition) in acts.items() %}
        select
            source,
            '{{ entity }}' as entity,
            {{ key }} as record_id,
            {{ kind }} as kind,
            account_id,
            contact_id,
            cast(null as text) as opportunity_id,
            {{ 'account_manager_id' if entity == 'tickets' else 'cast(null as text)' }}
                as account_manager_id,
            {{ day }} as happened_date,
            known_date,
            superseded_date
        from {{ records }}
        where {{ condition }}
        {{ "union all" if not loop.last }}
    {% endfor %}
)

select * from final
