{#- The Latin words and numbers of a text in small letters, one space between them and around. -#}
{% macro latin_words(text) -%}
    {{ return(adapter.dispatch('latin_words')(text)) }}
{%- endmacro %}

{% macro default__latin_words(text) -%}
    (' ' || regexp_replace(lower({{ text }}), '[^a-z0-9&]+', ' ', 'g') || ' ')
{%- endmacro %}

{% macro spark__latin_words(text) -%}
    concat(' ', regexp_replace(lower({{ text }}), '[^a-z0-9&]+', ' '), ' ')
{%- endmacro %}
