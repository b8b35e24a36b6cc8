{#- The simple formula of lifetime value (decision 0024): what so many months will bring. -#}
{% macro clv_amount(window_amount, window_days, months, retention_rate) -%}
    cast(
        greatest(0, {{ window_amount }}) / {{ window_days }}
        * 365 / 12 * {{ months }} * {{ retention_rate }} as numeric(18, 4)
    )
{%- endmacro %}
