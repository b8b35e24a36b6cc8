{#-
    A limit of the interval of confidence of the difference of two shares, by Newcombe's
    hybrid score: of each share the distance to the limit by Wilson that lies that way.
    Each is a list of the share, its lower and its upper limit; sign is + for the upper
    limit, - for the lower.
-#}
{% macro newcombe_bound(one, other, sign) -%}
    {%- set own = one[2] if sign == '+' else one[1] -%}
    {%- set opposite = other[1] if sign == '+' else other[2] -%}
    {{ one[0] }} - {{ other[0] }} {{ sign }} sqrt(
        ({{ one[0] }} - {{ own }}) * ({{ one[0] }} - {{ own }})
        + ({{ other[0] }} - {{ opposite }}) * ({{ other[0] }} - {{ opposite }})
    )
{%- endmacro %}
