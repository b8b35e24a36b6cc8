with months as (select * from {{ ref('int_satisfaction_months_listed') }}),

tickets as (select * from {{ ref('int_tickets_placed') }}),

themes as (select * from {{ ref('int_ticket_themes_repeated') }}),

standing as (

    select
        months.account_id,
        months.month_date,
        tickets.is_open or coalesce(tickets.resolved_date > months.counted_date, false)
            as was_open,
        tickets.opened_date >= months.month_date as is_new,
        tickets.is_complaint,
        themes.is_recurrence,
        tickets.is_reply_in_target,
        tickets.is_resolution_in_target,
        tickets.first_reply_hours,
        tickets.resolution_hours
    from months
    inner join tickets
        on
            months.account_id = tickets.account_id
            and months.counted_date >= tickets.opened_date
    left join themes
        on
            tickets.account_id = themes.account_id
            and tickets.theme = themes.theme
            and tickets.opened_date = themes.opened_date

),

final as (

    select
        account_id,
        count(case when is_new then 1 end) as tickets_count,
        count(case when is_new and is_complaint then 1 end) as complaints_count,
        count(case when was_open then 1 end) as open_tickets_count,
        count(case when is_new and is_recurrence is not null then 1 end)
            as themed_tickets_count,
        count(case when is_new and is_recurrence then 1 end) as recurring_tickets_count,
        {%- for step in ['reply', 'resolution'] %}
            count(case when is_new and is_{{ step }}_in_target is not null then 1 end)
                as {{ step }}_judged_count,
            count(case when is_new and is_{{ step }}_in_target then 1 end)
                as {{ step }}_in_target_count,
        {%- endfor %}
        {{ median('case when is_new then first_reply_hours end') }}
            as median_first_reply_hours,
        {{ median('case when is_new then resolution_hours end') }}
            as median_resolution_hours,
        month_date
    from standing
    group by
        account_id,
        month_date

)

select * from final
