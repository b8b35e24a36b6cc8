-- RFM covers exactly the accounts that ever had an order day; a missing one is a broken join.
with accounts as (

    select * from {{ ref('dim_accounts') }}

),

rfm as (

    select * from {{ ref('fct_account_rfm') }}

)

select
    accounts.account_id as buyer_id,
    rfm.account_id as scored_id
from (select account_id from accounts where is_customer) as accounts
full outer join rfm
    on accounts.account_id = rfm.account_id
where accounts.account_id is null or rfm.account_id is null
