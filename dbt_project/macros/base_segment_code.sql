{#- The one cell of industry, size, region and behaviour in which an account is; what nobody knows is a value too. -#}
{% macro base_segment_code() -%}
    'base|' || coalesce(industry, 'unknown') || '|' || coalesce(size_band, 'unknown')
        || '|' || coalesce(region, 'unknown') || '|' || coalesce(rfm_segment_code, 'none')
{%- endmacro %}
