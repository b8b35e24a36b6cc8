-- RFM covers exactly the accounts that ever had an order day; a missing one is a broken
-- join.
with buyers as (

    select account_id
    from {{ ref('dim_accounts') }}
    where is_customer

),

rfm as (

    select * from {{ ref('fct_account_rfm') }}

)

select
    buyers.account_id as buyer_id,
    rfm.account_id as scored_id
from buyers
full outer join rfm
    on buyers.account_id = rfm.account_id
where buyers.account_id is null or rfm.account_id is null
