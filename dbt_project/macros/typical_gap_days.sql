{#-
    The days an account usually lets pass between two order days: the median of its own
    gaps, drawn towards the median of its peers' gaps as if it had shown that one
    gap_shrinkage_count times more.
-#}
{% macro typical_gap_days(gaps_count, median_gap_days, peer_median_gap_days) -%}
    case
        when {{ gaps_count }} = 0 then {{ peer_median_gap_days }}
        else
            (
                {{ gaps_count }} * {{ median_gap_days }}
                + policy.gap_shrinkage_count * {{ peer_median_gap_days }}
            ) / ({{ gaps_count }} + policy.gap_shrinkage_count)
    end
{%- endmacro %}
