with trainings as (select * from {{ ref('int_account_trainings_listed') }}),

tickets as (select * from {{ ref('fct_tickets') }}),

visits as (select * from {{ ref('fct_web_visits') }}),

events as (

    select
        account_id,
        1 as tickets_count,
        case when kind = 'complaint' then 1 else 0 end as complaints_count,
        0 as uses_count,
        opened_date as event_date
    from tickets
    union all
    select
        account_id,
        0 as tickets_count,
        0 as complaints_count,
        coalesce(use_count, visits_count) as uses_count,
        visited_date as event_date
    from visits

),

-- before its first record, a company did not keep count
starts as (

    select
        min(case when tickets_count > 0 then event_date end) as tickets_start_date,
        min(case when tickets_count = 0 then event_date end) as uses_start_date
    from events

),

windows as (

    select
        trainings.*,
        trainings.to_date <= {{ as_of_date() }} as is_window_closed,
        coalesce(starts.tickets_start_date <= trainings.from_date, false) as has_tickets,
        coalesce(starts.uses_start_date <= trainings.from_date, false) as has_uses
    from trainings
    cross join starts

),

-- the day of the training belongs to neither side
final as (

    select
        windows.account_id || '|' || windows.training_date as training_key,
        windows.account_id,
        windows.interactions_count,
        windows.people_trained_count,
        windows.is_window_closed,
        {%- for count, has in [
            ('tickets', 'has_tickets'), ('complaints', 'has_tickets'), ('uses', 'has_uses'),
        ] %}
            {%- for side, than in [('before', '<'), ('after', '>')] %}
                cast(
                    case
                        when windows.is_window_closed and windows.{{ has }} then coalesce(sum(
                            case
                                when events.event_date {{ than }} windows.training_date
                                    then events.{{ count }}_count
                            end
                        ), 0)
                    end as numeric(18, 4)
                ) as {{ count }}_{{ side }}_count,
            {%- endfor %}
        {%- endfor %}
        windows.training_date,
        {{ as_of_date() }} as as_of_date
    from windows
    left join events
        on
            windows.account_id = events.account_id
            and events.event_date between windows.from_date and windows.to_date
    group by
        windows.account_id,
        windows.interactions_count,
        windows.people_trained_count,
        windows.is_window_closed,
        windows.has_tickets,
        windows.has_uses,
        windows.training_date

)

select * from final
