{%- set entities = [
    'contracts',
    'interactions',
    'invoices',
    'opportunities',
    'order_lines',
    'payments',
    'referrals',
    'survey_responses',
    'tickets',
] -%}
with days as (select * from {{ ref('int_value_days_listed') }}),

{% for entity in entities %}
    {{ entity }} as (

        select min(known_date) as first_known_date
        from {{ ref('stg_raw__' ~ entity) }}

    ),

{% endfor %}
costs as (

    select min(known_date) as first_known_date
    from {{ ref('stg_raw__order_lines') }}
    where cost_amount is not null

),

-- a source that never says which of its tickets are complaints tells nothing of them
complaints as (

    select min(known_date) as first_known_date
    from {{ ref('stg_raw__tickets') }}
    where ticket_kind is not null

),

final as (

    select
        {%- for entity in entities + ['complaints', 'costs'] %}
            coalesce({{ entity }}.first_known_date <= days.snapshot_date, false)
                as has_{{ entity }},
        {%- endfor %}
        days.is_current,
        days.snapshot_date
    from
        days
    {%- for entity in entities + ['complaints', 'costs'] %}
        cross join {{ entity }}
    {%- endfor %}

)

select * from final
