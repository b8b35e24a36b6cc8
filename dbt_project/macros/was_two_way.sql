{#-
    Whether both sides spoke, of an interaction that took place: what the source says, else
    what its outcome and direction show, else what is usual for its kind. Without a name
    the columns are those of the one relation selected from.
-#}
{% macro was_two_way(usual, interactions=none) -%}
{%- set own = interactions ~ '.' if interactions else '' -%}
case
            when {{ own }}is_two_way is not null then {{ own }}is_two_way
            when {{ own }}interaction_outcome = 'no_response' then false
            when {{ own }}direction = 'mutual' then true
            else {{ usual }}
        end
{%- endmacro %}
