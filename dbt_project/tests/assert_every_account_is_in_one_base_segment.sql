-- Of all accounts that are not our own, each is in one cell today, and no cell is made for
-- anybody else.
with accounts as (

    select *
    from {{ ref('int_accounts_measured') }}
    where not is_internal

),

cells as (

    select
        account_id,
        count(*) as cells_count
    from {{ ref('fct_account_segments') }}
    where kind = 'base' and is_current
    group by account_id

)

select
    accounts.account_id,
    cells.cells_count
from accounts
full outer join cells on accounts.account_id = cells.account_id
where
    accounts.account_id is null
    or coalesce(cells.cells_count, 0) <> 1
