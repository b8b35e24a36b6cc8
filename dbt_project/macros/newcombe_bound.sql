{#-
    A limit of the interval of confidence of the difference of two shares, by Newcombe's
    hybrid score: of each share the distance to the limit by Wilson that lies that way. Of
    each of the two the select has the share as <name>_after_value and its limits as
    <name>_low and <name>_high; sign is + for the upper limit, - for the lower.
-#}
{% macro newcombe_bound(one, other, sign) -%}
    {%- set own = one ~ ('_high' if sign == '+' else '_low') -%}
    {%- set opposite = other ~ ('_low' if sign == '+' else '_high') -%}
    {{ one }}_after_value - {{ other }}_after_value {{ sign }} sqrt(
        ({{ one }}_after_value - {{ own }}) * ({{ one }}_after_value - {{ own }})
        + ({{ other }}_after_value - {{ opposite }}) * ({{ other }}_after_value - {{ opposite }})
    )
{%- endmacro %}
