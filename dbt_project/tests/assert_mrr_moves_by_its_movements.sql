-- The MRR of a month less that of the month before is new, reactivated and expanded less
-- contracted and churned. The month before is summed here by itself: an account whose row is
-- missing would not show in its own prior amount.
with months as (

    select
        month_date,
        sum(mrr_amount) as mrr_amount,
        sum(case
            when movement_type in ('new', 'reactivated', 'expansion') then movement_amount
            else 0
        end) as gained_amount,
        sum(case
            when movement_type in ('contraction', 'churned') then -movement_amount
            else 0
        end) as lost_amount,
        max(case
            when movement_type in ('contraction', 'churned') and movement_amount >= 0 then 1
            when movement_type in ('new', 'reactivated', 'expansion') and movement_amount <= 0
                then 1
            else 0
        end) as wrong_signs_count
    from {{ ref('fct_contract_months') }}
    group by month_date

),

compared as (

    select
        *,
        coalesce(lag(mrr_amount) over (order by month_date), 0) as prior_mrr_amount
    from months

)

select *
from compared
where
    mrr_amount - prior_mrr_amount <> gained_amount - lost_amount
    or wrong_signs_count > 0
