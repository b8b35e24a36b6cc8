{#- Which records read otherwise than they did for the live night: what was loaded since,
    what the day makes known, and whose customer was decided otherwise. -#}
with changed_accounts as (

    select distinct
        source,
        source_account_id
    from {{ source('ops', 'account_keys') }}
    where {{ is_news('decided_date') }}

),

changed as (
    {% for entity, account_columns in raw_entities().items() %}
        select
            '{{ entity }}' as entity,
            source,
            record_id
        from {{ source('raw', entity) }}
        where
            {{ is_news(date_in_zone('known_at')) }}
            {%- for column in account_columns %}
                or (source, {{ column }}) in (
                    select
                        source,
                        source_account_id
                    from changed_accounts
                )
            {%- endfor %}
        {{ "union all" if not loop.last }}
    {% endfor %}
),

final as (

    select distinct
        entity,
        source,
        record_id
    from changed

)

select * from final
