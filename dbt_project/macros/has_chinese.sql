{#- Whether a text has a Chinese character. -#}
{% macro has_chinese(words) -%}
    {{ return(adapter.dispatch('has_chinese')(words)) }}
{%- endmacro %}

{% macro default__has_chinese(words) -%}
    {{ words }} ~ '[\u4e00-\u9fff]'
{%- endmacro %}

{% macro spark__has_chinese(words) -%}
    {{ words }} rlike '[\\u4e00-\\u9fff]'
{%- endmacro %}
