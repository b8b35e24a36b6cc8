{#- A query of one row, on one line: the shares before which an account is in class A, and in B. -#}
{% macro abc_limits() -%}
    select
    {%- for name in ['A', 'B'] %} max(case when abc_class = '{{ name }}' then share_before_limit end)
    {{- ' as ' ~ name | lower ~ '_limit' }}{{ "," if not loop.last }}{% endfor %} from {{ ref('policy_abc_classes') }}
{%- endmacro %}
