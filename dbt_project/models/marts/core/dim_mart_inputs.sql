with inputs as (select * from {{ ref('policy_mart_inputs') }}),

states as (select * from {{ ref('policy_input_states') }}),

entities as (select * from {{ ref('stg_raw__entities') }}),

extracts as (select * from {{ ref('stg_ops__extracts') }}),


delivered as (

    select distinct entity
    from extracts
    where extracted_date <= {{ as_of_date() }}

),

judged as (

    select
        inputs.mart,
        inputs.entity,
        case
            when entities.has_records then 'has_data'
            when delivered.entity is null then 'no_source'
            else 'no_records'
        end as input_state
    from inputs
    left join entities on inputs.entity = entities.entity
    left join delivered on inputs.entity = delivered.entity

),

final as (

    select
        judged.mart || '|' || judged.entity as mart_input_key,
        judged.mart,
        judged.entity,
        judged.input_state,
        states.text_en,
        states.text_zh,
        judged.input_state = 'has_data' as has_data,
        {{ as_of_date() }} as as_of_date
    from judged
    left join states on judged.input_state = states.input_state

)

select * from final
