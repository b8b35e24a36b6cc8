{#-
    How a model becomes a table. A night builds into a schema of its own, where nothing is
    replaced under a reader, so the table is made under its name at once. Its grain is its
    primary key, which the database proves of every row; it is added when all rows are
    there, since an index of all of them is made faster than one kept row by row. Indexes,
    grants and docs in a model's configuration, of which we have none, are not looked at.
-#}
{% materialization table, adapter='postgres' %}
    {%- set relation = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks) }}
    {% call statement('main') %}
        drop table if exists {{ relation }} cascade;
        {{ get_create_table_as_sql(false, relation, sql) }}
    {% endcall %}
    {% call statement('proved') %}
        {% for constraint in adapter.render_raw_model_constraints(raw_constraints=model['constraints']) %}
        alter table {{ relation }} add {{ constraint }};
        {% endfor %}
        analyze {{ relation }}
    {% endcall %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}

{#- The columns of a contract without the constraints of its rows, which are added behind them. -#}
{% macro postgres__get_table_columns_and_constraints() -%}
    ({{ adapter.render_raw_columns_constraints(raw_columns=model['columns']) | join(', ') }})
{%- endmacro %}
