{#- What each flag rests on: an entity, and what its rows must say to tell anything of it. -#}
{%- set inputs = {
    'order_lines': ('order_lines', 'true'),
    'complaints': ('tickets', 'ticket_kind is not null'),
    'replies': ('tickets', 'first_response_at is not null or resolved_at is not null'),
    'resolutions': ('tickets', 'resolved_at is not null'),
    'dues': ('invoices', 'due_date is not null'),
    'payments': ('payments', 'true'),
    'nps': ('survey_responses', "survey_response_kind = 'nps'"),
    'csat': ('survey_responses', "survey_response_kind = 'csat'"),
    'contracts': ('contracts', 'true'),
} -%}
with days as (select * from {{ ref('int_relationship_days_listed') }}),

{% for input, (entity, says) in inputs.items() %}
    {{ input }} as (

        select min(known_date) as first_known_date
        from {{ ref('stg_raw__' ~ entity) }}
        where {{ says }}

    ),

{% endfor %}
final as (

    select
        {%- for input in inputs %}
            coalesce({{ input }}.first_known_date <= days.snapshot_date, false)
                as has_{{ input }},
        {%- endfor %}
        days.is_current,
        days.snapshot_date
    from
        days
    {%- for input in inputs %}
        cross join {{ input }}
    {%- endfor %}

)

select * from final
