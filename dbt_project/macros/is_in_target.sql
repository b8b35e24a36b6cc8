{#-
    Whether a ticket kept its target. What has not happened yet has missed it as soon as
    the ticket is open for longer; before that, and of hours nobody knows, nothing is said.
-#}
{% macro is_in_target(hours, target_hours) -%}
    case
            when {{ hours }} is not null then {{ hours }} <= {{ target_hours }}
            when timed.open_hours > {{ target_hours }} then false
        end
{%- endmacro %}
