{#-
    A query of raw records with, for each column of account ids, the account's key as
    <column>_resolved: what the stage `match` had decided by as_of_date. Where all sources
    share their account ids the id is the key. An account that no source has delivered
    yet has its id for a key, in a source with ids of its own the source's name before it.
-#}
{% macro resolved_accounts(records, columns, keys) -%}
    {%- set own = var('own_account_ids') or [] %}
    select
        {{ records }}.*
    {%- for column in columns %}
        {%- if own %},
        coalesce(
            {{ column }}_keys.account_id,
            case
                when {{ records }}.source in ('{{ own | join("', '") }}')
                    then {{ records }}.source || '|' || {{ records }}.{{ column }}
                else {{ records }}.{{ column }}
            end
        ) as {{ column }}_resolved
        {%- else %},
        {{ records }}.{{ column }} as {{ column }}_resolved
        {%- endif %}
    {%- endfor %}
    from {{ records }}
    {%- if own %}
        {%- for column in columns %}
    left join (
        select
            source,
            source_account_id,
            account_id,
            row_number() over (
                partition by source, source_account_id
                order by decided_date desc
            ) as newest
        from {{ keys }}
        where decided_date <= {{ as_of_date() }}
    ) as {{ column }}_keys
        on
            {{ records }}.source = {{ column }}_keys.source
            and {{ records }}.{{ column }} = {{ column }}_keys.source_account_id
            and {{ column }}_keys.newest = 1
        {%- endfor %}
    {%- endif %}
{%- endmacro %}
