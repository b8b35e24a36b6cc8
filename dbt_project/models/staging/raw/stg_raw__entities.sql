{%- for entity in raw_entities() %}
    select
        '{{ entity }}' as entity,
        exists(
            select 1
            from {{ source('raw', entity) }}
            where {{ date_in_zone('known_at') }} <= {{ as_of_date() }}
        ) as has_records
    {{ "union all" if not loop.last }}
{% endfor %}
