{#- Each measure with what sources tell of it; the others are told by statements alone. -#}
{%- set told = [
    'agreement_scope', 'executive_meetings', 'joint_plans', 'joint_projects', 'share_of_wallet',
    'bid_win_rate', 'renewal_rate', 'order_days', 'order_days_2y', 'bids', 'quotes',
] -%}
with facts as (select * from {{ ref('int_organisation_facts_joined') }}),

measures as (select * from {{ ref('policy_relationship_measures') }}),

statements as (select * from {{ ref('policy_relationship_facts') }}),

-- the statement that began last, should two hold
stated as (

    select
        statements.account_id,
        statements.measure_code,
        statements.fact_value,
        facts.snapshot_date,
        row_number() over (
            partition by statements.account_id, statements.measure_code, facts.snapshot_date
            order by statements.valid_from desc
        ) as place
    from statements
    inner join facts
        on
            statements.account_id = facts.account_id
            and facts.snapshot_date between statements.valid_from and statements.valid_until

),

final as (

    select
        facts.account_id,
        measures.measure_code,
        cast(coalesce(
            stated.fact_value,
            case measures.measure_code
                {%- for measure in told %}
                    when '{{ measure }}' then cast(facts.{{ measure }} as numeric(18, 6))
                {%- endfor %}
            end
        ) as numeric(18, 6)) as measure_value,
        stated.fact_value is not null as is_stated,
        case
            when measures.measure_code = 'agreement_scope' and facts.has_contracts then 'not_stated'
            when measures.measure_code = 'bid_win_rate' and facts.has_bids then 'too_few_cases'
            when measures.measure_code = 'renewal_rate' and facts.has_contracts then 'too_few_cases'
            when measures.measure_code = 'share_of_wallet' and facts.order_days is not null
                then 'too_few_peers'
            when measures.is_counted then 'no_source'
            else 'not_stated'
        end as reason_for_none,
        facts.is_current,
        facts.snapshot_date
    from facts
    cross join measures
    left join stated
        on
            facts.account_id = stated.account_id
            and measures.measure_code = stated.measure_code
            and facts.snapshot_date = stated.snapshot_date
            and stated.place = 1

)

select * from final
