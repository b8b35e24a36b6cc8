{#-
    The end of a model that measures the past: the rows of `final`, and those that the
    live night built of the same model for the days in hand that are carried over,
    except of the accounts in `but`. What it knew of its own day is of a day past now.
    Without the variable carried_schema just `final`.
-#}
{% macro final_and_carried(days, day='snapshot_date', but=none) -%}
{%- if var('carried_schema') and execute -%}
{%- set carried = carried_relation(model.name) -%}
{%- set columns = carried_columns(carried) -%}
select {{ columns | join(', ') }} from final

union all

select
    {%- for column in columns %}
    {{ {'as_of_date': as_of_date() ~ ' as ', 'is_current': 'false as '}.get(column, '') }}{{ column }}
        {{- "," if not loop.last }}
    {%- endfor %}
from {{ carried }}
where
    {{ day }} in (select {{ day }} from {{ days }} where is_carried)
    {%- if but %}
    and account_id not in (select account_id from {{ but }})
    {%- endif %}
{%- else -%}
select * from final
{%- endif %}
{%- endmacro %}
