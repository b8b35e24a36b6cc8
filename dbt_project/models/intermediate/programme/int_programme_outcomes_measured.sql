{#- Of each kind of programme its outcomes: what must be so, and the day it is known on. -#}
{%- set outcomes = [
    ('save', 'kept', 'ordered_after', 'until_date'),
    ('win_back', 'returned', 'ordered_after', 'until_date'),
    ('win_back', 'stayed', 'ordered_after * ordered_later', 'later_until_date'),
] -%}
with accounts as (select * from {{ ref('int_programme_accounts_followed') }}),

observed as (
    {% for kind, outcome, value, day in outcomes %}
        select
            programme_code,
            programme_name,
            programme_kind,
            holdout_rate,
            '{{ outcome }}' as outcome_code,
            cast(ordered_before as numeric) as value_before,
            cast({{ value }} as numeric) as value_after,
            is_treated,
            {{ day }} <= {{ as_of_date() }} as is_over,
            assigned_date,
            {{ day }} as until_date
        from accounts
        where programme_kind = '{{ kind }}'
        {{ "union all" if not loop.last }}
    {% endfor %}
),

final as (

    select
        'programme' as scope,
        programme_code,
        max(programme_name) as programme_name,
        max(programme_kind) as campaign_kind,
        outcome_code,
        holdout_rate,
        {{ arm_values() }},
        count(case when not is_over then 1 end) as open_count,
        min(assigned_date) as first_joined_date,
        max(case when is_over then until_date end) as evaluated_date
    from observed
    group by
        programme_code,
        outcome_code,
        holdout_rate

)

select * from final
