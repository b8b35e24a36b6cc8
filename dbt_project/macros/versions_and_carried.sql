{#-
    The end of a staging model whose records have the id `key`: the rows of `renamed`, and
    the live night's of records that did not change since. Without the variable
    carried_schema just `renamed`.
-#}
{% macro versions_and_carried(entity, key) -%}
{%- set changed = ref('stg_raw__records_changed') -%}
{{ rest_carried(
    'renamed',
    '(select * from ' ~ changed ~ " where entity = '" ~ entity ~ "')",
    {'source': 'source', key: 'record_id'}
) }}
{%- endmacro %}
