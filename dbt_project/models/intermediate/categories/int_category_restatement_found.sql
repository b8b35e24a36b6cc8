{#- A month of a category tells what is known today of its days, so late lines and
    corrections change months that were over, and whose industry or size is corrected
    changes the peers of all its months. -#}
{%- set sides = [1, -1] if var('carried_schema') else [1] -%}
{%- set days, accounts = 'int_category_days_listed', 'int_accounts_measured' -%}
with {{ days }} as (select * from {{ ref('int_category_days_listed') }}),

{{ accounts }} as (select * from {{ ref('int_accounts_measured') }}),

day_rows as (
    {% for side in sides %}
        select
            account_id,
            category,
            net_revenue_amount,
            {{ side }} as side,
            month_number,
            order_date
        from {{ days if side == 1 else carried_relation(days) }}
        {{ "union all" if not loop.last }}
    {% endfor %}
),

account_rows as (
    {% for side in sides %}
        select
            account_id,
            industry,
            size_band,
            {{ side }} as side
        from {{ accounts if side == 1 else carried_relation(accounts) }}
        {{ "union all" if not loop.last }}
    {% endfor %}
),

changed_days as (

    select month_number
    from day_rows
    group by
        account_id,
        category,
        net_revenue_amount,
        month_number,
        order_date
    having sum(side) <> 0

),

changed_accounts as (

    select account_id
    from account_rows
    group by
        account_id,
        industry,
        size_band
    having sum(side) <> 0

),

final as (

    select
        coalesce(min(changed.month_number), {{ month_number(as_of_date()) }} + 1)
            as first_month_number
    from (
        select month_number
        from changed_days
        union all
        select {{ days }}.month_number
        from {{ days }}
        inner join changed_accounts
            on {{ days }}.account_id = changed_accounts.account_id
    ) as changed

)

select * from final
