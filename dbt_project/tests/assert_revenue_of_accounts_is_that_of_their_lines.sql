-- What an account is said to have brought must be, to the cent, what its lines add up
-- to.
with accounts as (select * from {{ ref('int_accounts_measured') }}),

order_lines as (select * from {{ ref('fct_order_lines') }}),

line_totals as (

    select
        account_id,
        sum(net_amount) as net_amount
    from order_lines
    where is_revenue and is_attributed
    group by account_id

)

select
    accounts.account_id,
    accounts.net_revenue_amount,
    line_totals.net_amount
from accounts
full outer join line_totals
    on accounts.account_id = line_totals.account_id
where
    not coalesce(accounts.is_internal, false)
    and coalesce(accounts.net_revenue_amount, 0) <> coalesce(line_totals.net_amount, 0)
