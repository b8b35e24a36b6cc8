with facts as (select * from {{ ref('int_general_facts_joined') }}),

policy as ({{ component_policy('cases_minimum', ['response', 'technical', 'record']) }}),

judged as (

    select
        facts.*,
        -- contacts that name nobody tell nothing of people, unless there were none at all
        facts.two_way_named_count > 0 or facts.two_way_count = 0 as is_named,
        facts.contacts_on_record_count + facts.interactions_count > 0 as is_on_record,
        facts.contacts_placed_count > 0 or facts.contacts_in_department_window_count = 0
            as is_placed,
        case
            when facts.bids_specify_known_count >= policy.technical_cases_minimum
                then {{ rate('facts.bids_specified_count', 'facts.bids_specify_known_count') }}
        end as specified_rate,
        case
            when facts.bids_ranked_count >= policy.technical_cases_minimum
                then facts.technical_rank_rate
        end as ranked_rate,
        case
            when facts.has_promises and facts.promises_count >= policy.record_cases_minimum
                then {{ rate('facts.promises_kept_count', 'facts.promises_count') }}
        end as promises_kept_rate,
        case
            when facts.has_complaints and facts.order_days_count >= policy.record_cases_minimum
                then 1 - least(1, {{ rate('facts.complaints_count', 'facts.order_days_count') }})
        end as uncomplained_rate,
        policy.response_cases_minimum
    from facts
    cross join policy

),

final as (

    select
        *,
        case
            when has_contacts and has_people_named and is_on_record and is_named and is_placed
                then {{ rate('departments_covered_count', 'departments_target_count') }}
        end as departments_rate,
        case
            when has_contacts and has_people_named and is_on_record and is_named
                then least(1, {{ rate('contacts_active_count', 'contacts_target_count') }})
        end as breadth_rate,
        case
            when exchanges_judged_count >= response_cases_minimum
                then {{ rate('exchanges_two_way_count', 'exchanges_judged_count') }}
        end as response_rate,
        -- the mean of what is known of two
        (coalesce(specified_rate, ranked_rate) + coalesce(ranked_rate, specified_rate)) / 2
            as technical_rate,
        (
            coalesce(promises_kept_rate, uncomplained_rate)
            + coalesce(uncomplained_rate, promises_kept_rate)
        ) / 2 as record_rate
    from judged

)

select * from final
