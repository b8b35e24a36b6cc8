with days as (select * from {{ ref('int_relationship_days_listed') }}),

acts as (select * from {{ ref('int_relationship_acts_listed') }}),

policy as ({{ policy_values(['relationship_window_days']) }}),

spoken as (

    select
        acts.account_id,
        acts.contact_key,
        acts.account_manager_id,
        days.snapshot_date
    from acts
    cross join policy
    inner join days
        on
            acts.happened_date <= days.snapshot_date
            and {{ days_between('acts.happened_date', 'days.snapshot_date') }}
            < policy.relationship_window_days
            and {{ is_in_force('acts', 'days.snapshot_date') }}
    where acts.counts_as = 'contact' and acts.account_id is not null

),

{% for side in ['contact_key', 'account_manager_id'] %}
    by_{{ side }} as (

        select
            account_id,
            count(*) as two_way_count,
            snapshot_date
        from spoken
        where {{ side }} is not null
        group by
            account_id,
            {{ side }},
            snapshot_date

    ),

    of_{{ side }} as (

        select
            account_id,
            cast(max(two_way_count) as {{ type_double() }}) / sum(two_way_count)
                as thread_rate,
            snapshot_date
        from by_{{ side }}
        group by
            account_id,
            snapshot_date

    ),

{% endfor %}
final as (

    select
        coalesce(of_contact_key.account_id, of_account_manager_id.account_id) as account_id,
        of_contact_key.thread_rate as contact_thread_rate,
        of_account_manager_id.thread_rate as manager_thread_rate,
        coalesce(of_contact_key.snapshot_date, of_account_manager_id.snapshot_date)
            as snapshot_date
    from of_contact_key
    full outer join of_account_manager_id
        on
            of_contact_key.account_id = of_account_manager_id.account_id
            and of_contact_key.snapshot_date = of_account_manager_id.snapshot_date

)

select * from final
