{#- What each flag rests on: an entity, and what its rows must say to tell anything of it. -#}
{%- set inputs = {
    'contacts': ('contacts', 'true'),
    'interactions': ('interactions', 'true'),
    'people_named': ('interactions', 'contact_id is not null'),
    'ranks_named': ('interactions', 'counterpart_level is not null and our_level is not null'),
    'bids': ('bids', 'true'),
    'contracts': ('contracts', 'true'),
    'opportunities': ('opportunities', 'true'),
    'order_lines': ('order_lines', 'true'),
    'promises': ('orders', 'expected_date is not null'),
    'complaints': ('tickets', 'ticket_kind is not null'),
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
