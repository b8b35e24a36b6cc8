{#- A text of a policy with each {place} replaced by the column <place>_text. -#}
{% macro fill_in(text, places) -%}
    {%- set filled = namespace(text=text) -%}
    {%- for place in places -%}
        {%- set filled.text = "replace(" ~ filled.text ~ ", '{" ~ place ~ "}', " ~ place ~ "_text)" -%}
    {%- endfor -%}
    {{ filled.text }}
{%- endmacro %}
