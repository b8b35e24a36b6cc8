{#-
    A limit of the interval of confidence of the difference of two shares, by Newcombe's
    hybrid score: of each share the distance to the limit by Wilson that lies that way.
    sign is + for the upper limit, - for the lower.
-#}
{% macro newcombe_bound(rate, low, high, other_rate, other_low, other_high, sign) -%}
    {%- set own = high if sign == '+' else low -%}
    {%- set other = other_low if sign == '+' else other_high -%}
    {{ rate }} - {{ other_rate }} {{ sign }} sqrt(
        ({{ rate }} - {{ own }}) * ({{ rate }} - {{ own }})
        + ({{ other_rate }} - {{ other }}) * ({{ other_rate }} - {{ other }})
    )
{%- endmacro %}
