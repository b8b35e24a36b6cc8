{%- set measures = ['reply_in_target_rate', 'resolution_in_target_rate'] -%}
with steps as (select * from {{ ref('int_ticket_steps_judged') }}),

policy as ({{ health_policy('window_days', measures) }}),

minimum as ({{ health_policy('cases_minimum', measures) }}),

counted as (

    select
        steps.account_id,
        {%- for measure in measures %}
            {%- set step = 'steps.is_' ~ measure | replace('_rate', '') %}
            count(case when steps.age_days < policy.{{ measure }}_window_days then {{ step }} end)
                as {{ measure }}_cases_count,
            count(
                case
                    when {{ step }} and steps.age_days < policy.{{ measure }}_window_days then 1
                end
            ) as {{ measure }}_hits_count,
        {%- endfor %}
        steps.snapshot_date
    from steps
    cross join policy
    group by
        steps.account_id,
        steps.snapshot_date

),

final as (

    select
        counted.account_id,
        {%- for measure in measures %}
            case
                when counted.{{ measure }}_cases_count >= minimum.{{ measure }}_cases_minimum
                    then {{ rate(
                        'counted.' ~ measure ~ '_hits_count', 'counted.' ~ measure ~ '_cases_count'
                    ) }}
            end as {{ measure }},
        {%- endfor %}
        counted.snapshot_date
    from counted
    cross join minimum

)

select * from final
