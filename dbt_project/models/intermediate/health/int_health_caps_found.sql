{%- set watched = ['opposing_decision_makers_count', 'overdue_days', 'notices_count'] -%}
with facts as (select * from {{ ref('int_health_facts_joined') }}),

caps as (select * from {{ ref('policy_health_caps') }}),

-- what is not known caps nothing
met as (

    select
        facts.account_id,
        caps.cap_code,
        caps.score_maximum,
        row_number() over (
            partition by facts.account_id, facts.snapshot_date
            order by caps.score_maximum asc, caps.position asc
        ) as place,
        facts.snapshot_date
    from facts
    inner join caps
        on
            case caps.fact_code
                {%- for fact in watched %}
                    when '{{ fact }}' then facts.{{ fact }}
                {%- endfor %}
            end > caps.above_value

),

final as (

    select
        account_id,
        cap_code,
        score_maximum,
        snapshot_date
    from met
    where place = 1

)

select * from final
