{#-
    A query of the versions of raw records that count by as_of_date, all raw columns with
    known_date, superseded_date and is_latest. A version counts from known_date until
    before superseded_date; of several versions of one day, the day's last one counts.
    A record that its source no longer has counts until before the day on which that
    was seen.
-#}
{% macro known_versions(records) -%}
    select
        *,
        superseded_date is null as is_latest
    from (
        select
            *,
            {{ date_in_zone('known_at') }} as known_date,
            {{ superseded_date() }} as superseded_date
        from {{ records }}
        where {{ date_in_zone('known_at') }} <= {{ as_of_date() }}
    ) as versions
    where
        (superseded_date is null or superseded_date > known_date)
        and not coalesce(is_deleted, false)
{%- endmacro %}
