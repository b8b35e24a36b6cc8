{#- Complaints, and the order days they are compared with: both are days of an account. -#}
{%- set sources = {
    'complaints': ('tickets', 'opened_date', "tickets.ticket_kind = 'complaint'"),
    'order_days': ('account_days', 'order_date', 'account_days.is_order_day'),
} -%}
with tickets as (select * from {{ ref('stg_raw__tickets') }}),

account_days as (select * from {{ ref('int_account_days_known') }}),

days as (select * from {{ ref('int_relationship_days_listed') }}),

policy as ({{ component_policy('window_days', ['record']) }}),

{% for name, (records, day, counts) in sources.items() %}
    {{ name }} as (

        select
            {{ records }}.account_id,
            count(*) as records_count,
            days.snapshot_date
        from {{ records }}
        cross join policy
        inner join days
            on
                {{ records }}.{{ day }} <= days.snapshot_date
                and {{ records }}.{{ day }}
                > {{ add_days('days.snapshot_date', '-policy.record_window_days') }}
                and {{ is_in_force(records, 'days.snapshot_date') }}
        where {{ records }}.account_id is not null and {{ counts }}
        group by
            {{ records }}.account_id,
            days.snapshot_date

    ),

{% endfor %}
final as (

    select
        coalesce(complaints.account_id, order_days.account_id) as account_id,
        coalesce(complaints.records_count, 0) as complaints_count,
        coalesce(order_days.records_count, 0) as order_days_count,
        coalesce(complaints.snapshot_date, order_days.snapshot_date) as snapshot_date
    from complaints
    full outer join order_days
        on
            complaints.account_id = order_days.account_id
            and complaints.snapshot_date = order_days.snapshot_date

)

select * from final
