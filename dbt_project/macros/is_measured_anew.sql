{#-
    Whether an account's row of a day in hand is measured now, not taken over from the live
    night: the day is not, or the account is among those of which nothing is.
-#}
{% macro is_measured_anew(days, account_id, but) -%}
    (
            not {{ days }}.is_carried
            or {{ account_id }} in (select account_id from {{ but }})
        )
{%- endmacro %}
