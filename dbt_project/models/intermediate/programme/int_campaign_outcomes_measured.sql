{#- Each arm's outcome before and after, by campaign, and by kind with its campaigns
    taken together. -#}
with accounts as (select * from {{ ref('int_campaign_accounts_followed') }}),

observed as (
    {% for scope in ['campaign', 'kind'] %}
        {% for outcome in ['opportunity', 'order', 'revenue'] %}
            select
                '{{ scope }}' as scope,
                campaign_{{ 'key' if scope == 'campaign' else 'kind' }} as programme_code,
                {{ 'campaign_name' if scope == 'campaign' else 'campaign_kind' }} as programme_name,
                campaign_kind,
                '{{ outcome }}' as outcome_code,
                cast({{ outcome }}_before as numeric) as value_before,
                cast({{ outcome }}_after as numeric) as value_after,
                is_treated,
                is_over,
                joined_date,
                until_date
            from accounts
            {{ "union all" if not (loop.last and scope == 'kind') }}
        {% endfor %}
    {% endfor %}
),

final as (

    select
        scope,
        programme_code,
        max(programme_name) as programme_name,
        max(campaign_kind) as campaign_kind,
        outcome_code,
        {%- for arm, which in {'treated': 'is_treated', 'holdout': 'not is_treated'}.items() %}
            {%- set own = 'case when is_over and ' ~ which ~ ' then ' %}
            count({{ own }}1 end) as {{ arm }}_count,
            cast(avg({{ own }}value_before end) as numeric(30, 10)) as {{ arm }}_before_value,
            cast(avg({{ own }}value_after end) as numeric(30, 10)) as {{ arm }}_after_value,
            cast(sum({{ own }}value_after end) as numeric(30, 10)) as {{ arm }}_after_total,
            cast(var_samp({{ own }}value_after - value_before end) as numeric(30, 10))
                as {{ arm }}_change_variance,
        {%- endfor %}
        count(case when not is_over then 1 end) as open_count,
        min(joined_date) as first_joined_date,
        max(case when is_over then until_date end) as evaluated_date
    from observed
    group by
        scope,
        programme_code,
        outcome_code

)

select * from final
