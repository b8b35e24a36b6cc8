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
        {{ arm_values() }},
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
