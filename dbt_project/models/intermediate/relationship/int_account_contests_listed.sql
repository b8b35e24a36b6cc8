{%- set contests = {
    'opportunities': ('opportunity_id', 'opened_date', 'closed_date'),
    'bids': ('bid_id', 'coalesce(published_date, submitted_date)', 'decided_date'),
} -%}
with opportunities as (select * from {{ ref('stg_raw__opportunities') }}),

bids as (select * from {{ ref('stg_raw__bids') }}),

-- a version per version of the record; what nobody says when it began began when it was known
final as (
    {% for entity, (key, begin, ending) in contests.items() %}
        select
            source,
            '{{ entity }}' as entity,
            {{ key }} as record_id,
            account_id,
            coalesce({{ begin }}, known_date) as begin_date,
            {{ ending }} as end_date,
            known_date,
            superseded_date
        from {{ entity }}
        where account_id is not null
        {{ "union all" if not loop.last }}
    {% endfor %}
)

select * from final
