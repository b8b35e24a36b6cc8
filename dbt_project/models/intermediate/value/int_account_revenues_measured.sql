with accounts as (select * from {{ ref('int_accounts_measured') }}),

account_days as (select * from {{ ref('int_account_days_known') }}),

order_lines as (select * from {{ ref('stg_raw__order_lines') }}),

measures as ({{ measure_policy('window_days', ['order_days', 'order_days_2y']) }}),

days as (

    select snapshot_date from {{ ref('int_value_days_listed') }}
    union
    select snapshot_date from {{ ref('int_relationship_days_listed') }}

),

history as (

    select min(known_date) as first_known_date
    from order_lines

),

aged as (

    select
        account_days.account_id,
        account_days.net_revenue_amount,
        account_days.is_order_day,
        {{ days_between('account_days.order_date', 'days.snapshot_date') }} as age_days,
        days.snapshot_date
    from account_days
    inner join days
        on
            account_days.order_date <= days.snapshot_date
            and {{ is_in_force('account_days', 'days.snapshot_date') }}

),

summed as (

    select
        aged.account_id,
        sum(case when aged.age_days < 365 then aged.net_revenue_amount else 0 end)
            as net_revenue_365d_amount,
        {%- for measure in ['order_days', 'order_days_2y'] %}
            count(
                case
                    when aged.is_order_day and aged.age_days < measures.{{ measure }}_window_days
                        then 1
                end
            ) as {{ measure }}_count,
        {%- endfor %}
        aged.snapshot_date
    from aged
    cross join measures
    group by
        aged.account_id,
        aged.snapshot_date

),

-- zero where nothing was bought, but null before any source told of orders
final as (

    select
        accounts.account_id,
        {%- for measure in ['net_revenue_365d_amount', 'order_days_count', 'order_days_2y_count'] %}
            case
                when history.first_known_date <= days.snapshot_date
                    then coalesce(summed.{{ measure }}, 0)
            end as {{ measure }},
        {%- endfor %}
        days.snapshot_date
    from accounts
    cross join days
    cross join history
    left join summed
        on
            accounts.account_id = summed.account_id
            and days.snapshot_date = summed.snapshot_date
    where not accounts.is_internal

)

select * from final
