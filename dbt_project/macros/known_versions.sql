{#-
    A query of the versions of raw records that count by as_of_date, all raw columns with
    known_date, superseded_date and is_latest. A version counts from known_date until
    before superseded_date; of several versions of one day, the day's last one counts.
    A record that its source no longer has counts until before the day on which that
    was seen. Where the live night's versions are carried, only of records that changed.
-#}
{% macro known_versions(entity) -%}
    {%- set changed = ref('stg_raw__records_changed') -%}
    select
        *,
        superseded_date is null as is_latest
    from (
        select
            *,
            {{ date_in_zone('known_at') }} as known_date,
            {{ superseded_date() }} as superseded_date
        from raw_{{ entity }}
        where
            {{ date_in_zone('known_at') }} <= {{ as_of_date() }}
            {%- if var('carried_schema') %}
            and (source, record_id) in (
                select source, record_id from {{ changed }} where entity = '{{ entity }}'
            )
            {%- endif %}
    ) as versions
    where
        (superseded_date is null or superseded_date > known_date)
        and not coalesce(is_deleted, false)
{%- endmacro %}
