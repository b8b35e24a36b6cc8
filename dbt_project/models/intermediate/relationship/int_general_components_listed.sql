with rates as (select * from {{ ref('int_general_rates_measured') }}),

components as (select * from {{ ref('policy_relationship_general_components') }}),

listed as (

    select
        rates.account_id,
        components.component_code,
        components.weight,
        case components.component_code
            when 'departments' then rates.departments_rate
            when 'breadth' then rates.breadth_rate
            when 'response' then rates.response_rate
            when 'technical' then rates.technical_rate
            when 'record' then rates.record_rate
        end as component_rate,
        case
            when components.component_code in ('departments', 'breadth')
                then case
                    when not (rates.has_contacts and rates.has_people_named) then 'no_source'
                    when not rates.is_on_record then 'not_on_record'
                    when not rates.is_named then 'person_not_named'
                    else 'department_not_known'
                end
            when components.component_code = 'response'
                then case when rates.has_interactions then 'too_few_contacts' else 'no_source' end
            when components.component_code = 'technical'
                then case when rates.has_bids then 'no_bid_judged' else 'no_source' end
            when rates.has_promises or rates.has_complaints then 'nothing_to_count'
            else 'no_source'
        end as reason_for_none,
        rates.is_current,
        rates.snapshot_date
    from rates
    cross join components

),

final as (

    select
        account_id,
        component_code,
        weight,
        {{ round_rate('component_rate') }} as component_rate,
        case when component_rate is null then reason_for_none end as unknown_reason,
        is_current,
        snapshot_date
    from listed

)

select * from final
