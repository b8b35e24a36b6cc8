{#-
    Whether what int_accounts_merged says of an account held on a day; what was known
    first is taken to have held before too.
-#}
{% macro is_account_in_force(accounts, day) -%}
    {{ day }} >= {{ accounts }}.in_force_from_date
            and (
                {{ accounts }}.superseded_date is null
                or {{ day }} < {{ accounts }}.superseded_date
            )
{%- endmacro %}
