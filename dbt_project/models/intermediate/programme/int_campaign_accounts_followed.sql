with joined as (select * from {{ ref('int_campaign_accounts_joined') }}),

opportunities as (select * from {{ ref('stg_raw__opportunities') }}),

account_days as (select * from {{ ref('int_account_days_known') }}),

policy as ({{ policy_values(['programme_window_days']) }}),

events as (

    select
        account_id,
        opened_date as event_date,
        1 as is_opportunity,
        0 as is_order,
        0 as amount
    from opportunities
    where is_latest
    union all
    select
        account_id,
        order_date as event_date,
        0 as is_opportunity,
        case when is_order_day then 1 else 0 end as is_order,
        net_revenue_amount as amount
    from account_days
    where is_latest

),

-- The day of joining is the last day before.
final as (

    select
        joined.campaign_key,
        joined.account_id,
        joined.campaign_name,
        joined.campaign_kind,
        joined.is_treated,
        {%- for when, sign in {'before': '<=', 'after': '>'}.items() %}
            {%- for outcome, aggregate, value in [
                ('opportunity', 'max', 'is_opportunity'),
                ('order', 'max', 'is_order'),
                ('revenue', 'sum', 'amount'),
            ] %}
                coalesce({{ aggregate }}(
                    case
                        when events.event_date {{ sign }} joined.joined_date then events.{{ value }}
                    end
                ), 0) as {{ outcome }}_{{ when }},
            {%- endfor %}
        {%- endfor %}
        {{ add_days('joined.joined_date', 'policy.programme_window_days') }} <= {{ as_of_date() }}
            as is_over,
        joined.joined_date,
        {{ add_days('joined.joined_date', 'policy.programme_window_days') }} as until_date
    from joined
    cross join policy
    left join events
        on
            joined.account_id = events.account_id
            and events.event_date
            > {{ add_days('joined.joined_date', '-policy.programme_window_days') }}
            and events.event_date
            <= {{ add_days('joined.joined_date', 'policy.programme_window_days') }}
    group by
        joined.campaign_key,
        joined.account_id,
        joined.campaign_name,
        joined.campaign_kind,
        joined.is_treated,
        joined.joined_date,
        policy.programme_window_days

)

select * from final
