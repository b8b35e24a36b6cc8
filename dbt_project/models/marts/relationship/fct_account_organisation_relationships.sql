with decided as (select * from {{ ref('int_account_organisation_levels_decided') }}),

facts as (select * from {{ ref('int_organisation_facts_joined') }}),

measures as (select * from {{ ref('int_organisation_measures_listed') }}),

levels as (select * from {{ ref('policy_relationship_organisation_levels') }}),

wide as (

    select
        {%- for measure in [
            'agreement_scope', 'executive_meetings', 'joint_plans', 'joint_projects', 'supplier_rank',
            'share_of_wallet', 'bid_win_rate', 'renewal_rate', 'order_days',
        ] %}
            max(case when measure_code = '{{ measure }}' then measure_value end)
                as {{ measure }},
        {%- endfor %}
        account_id
    from measures
    where is_current
    group by account_id

),

final as (

    select
        decided.account_id,
        decided.organisation_level_code,
        levels.name_en as organisation_level_name_en,
        levels.name_zh as organisation_level_name_zh,
        cast(decided.organisation_level_position as int) as organisation_level_position,
        decided.organisation_index,
        decided.next_level_code,
        next_levels.name_en as next_level_name_en,
        next_levels.name_zh as next_level_name_zh,
        decided.next_gates_count,
        decided.next_gates_met_count,
        decided.next_gates_failed_count,
        decided.next_gates_unknown_count,
        decided.is_unproven,
        cast(wide.agreement_scope as int) as agreement_scope_rank,
        nullif(facts.agreement_until_date, cast('9999-12-31' as date)) as agreement_until_date,
        cast(wide.executive_meetings as int) as executive_meetings_count,
        cast(wide.joint_plans as int) as joint_plans_count,
        cast(wide.joint_projects as int) as joint_projects_count,
        cast(wide.supplier_rank as int) as supplier_rank,
        cast(wide.share_of_wallet as {{ type_double() }}) as share_of_wallet_rate,
        cast(wide.bid_win_rate as {{ type_double() }}) as bid_win_rate,
        facts.bids_decided_count,
        facts.bids_won_count,
        cast(wide.renewal_rate as {{ type_double() }}) as renewal_rate,
        facts.contracts_due_count,
        facts.contracts_renewed_count,
        cast(wide.order_days as int) as order_days_count,
        {{ as_of_date() }} as as_of_date
    from decided
    inner join wide on decided.account_id = wide.account_id
    inner join facts
        on
            decided.account_id = facts.account_id
            and decided.snapshot_date = facts.snapshot_date
    inner join levels on decided.organisation_level_code = levels.level_code
    left join levels as next_levels on decided.next_level_code = next_levels.level_code
    where decided.is_current

)

select * from final
