{#-
    Where a value stands among all, from 0 to 1: the share of rows before it plus half
    the share equal to it. Equal values stand at the same place whatever their ids,
    which ntile() does not promise.
-#}
{% macro mid_rank_rate(value, direction='asc', within='') -%}
    (
        rank() over (
            {{ "partition by " ~ within if within }}
            order by {{ value }} {{ direction }}
        )
        - 1
        + count(*) over (
            partition by {{ within ~ "," if within }} {{ value }}
        ) / 2.0
    ) / count(*) over ({{ "partition by " ~ within if within }})
{%- endmacro %}
