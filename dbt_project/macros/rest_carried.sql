{#-
    The end of a model that reads only what changed: its rows in `rows`, and those that the
    live night built of the same model of whatever is not in `changed`, by the columns that
    both have; a dictionary where they are named otherwise there. `only` is a condition
    on what may be taken over. Without the variable carried_schema just `rows`.
-#}
{% macro rest_carried(rows, changed, columns, only=none) -%}
{%- if var('carried_schema') and execute -%}
{%- set carried = carried_relation(model.name) -%}
{%- set names = carried_columns(carried) | join(', ') -%}
{%- set others = columns if columns is mapping else dict(zip(columns, columns)) -%}
select {{ names }} from {{ rows }}

union all

select {{ names }}
from {{ carried }} as carried
where
    {% if only %}{{ only }} and {% endif -%}
    not exists (
        select 1
        from {{ changed }} as changed
        where
            {% for column, other in others.items() %}
            {{- "and " if not loop.first }}carried.{{ column }} = changed.{{ other }}
            {% endfor %}
    )
{%- else -%}
select * from {{ rows }}
{%- endif %}
{%- endmacro %}
