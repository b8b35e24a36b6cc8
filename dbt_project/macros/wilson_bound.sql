{#-
    A limit of the interval of confidence of a share, by Wilson's score: it stays within 0
    and 1 and says something of few cases too. sign is + for the upper limit, - for the
    lower.
-#}
{% macro wilson_bound(hits, cases, sign) -%}
    cast(
            (
                ({{ hits }} + policy.confidence_z * policy.confidence_z / 2)
                {{ sign }} policy.confidence_z * sqrt(
                    cast({{ hits }} as numeric) * ({{ cases }} - {{ hits }}) / {{ cases }}
                    + policy.confidence_z * policy.confidence_z / 4
                )
            ) / ({{ cases }} + policy.confidence_z * policy.confidence_z)
            as {{ type_double() }}
        )
{%- endmacro %}
