{#-
    A query of one row per day in hand, with has_<input> for each input: whether any source
    had told of it by then. An input is an entity and what its rows must say to tell
    anything of it, as {name: (entity, condition)}.
-#}
{% macro inputs_told(days, inputs) -%}
with days as (select * from {{ days }}),

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
{%- endmacro %}
