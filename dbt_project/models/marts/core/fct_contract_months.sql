with months as (select * from {{ ref('int_contract_months_summed') }}),

ends as (select * from {{ ref('int_contract_ends_explained') }}),


compared as (

    select
        *,
        coalesce(lag(mrr_amount) over (
            partition by account_id
            order by month_date
        ), 0) as prior_mrr_amount,
        coalesce(max(mrr_amount) over (
            partition by account_id
            order by month_date
            rows between unbounded preceding and 1 preceding
        ) > 0, false) as has_paid_before
    from months

),

moved as (

    select
        *,
        case
            when mrr_amount > 0 and prior_mrr_amount <= 0 and not has_paid_before then 'new'
            when mrr_amount > 0 and prior_mrr_amount <= 0 then 'reactivated'
            when mrr_amount <= 0 and prior_mrr_amount > 0 then 'churned'
            when mrr_amount > prior_mrr_amount then 'expansion'
            when mrr_amount < prior_mrr_amount then 'contraction'
            else 'unchanged'
        end as movement_type
    from compared

),

final as (

    select
        moved.account_id,
        moved.movement_type,
        ends.ended_by,
        ends.reason as churn_reason,
        ends.lost_to,
        moved.mrr_amount,
        moved.prior_mrr_amount,
        moved.mrr_amount - moved.prior_mrr_amount as movement_amount,
        moved.contracts_count,
        moved.unpriced_contracts_count,
        ends.is_voluntary as is_voluntary_churn,
        moved.month_date,
        moved.counted_date,
        {{ as_of_date() }} as as_of_date
    from moved
    left join ends
        on
            moved.account_id = ends.account_id
            and moved.month_date = ends.month_date
            and moved.movement_type = 'churned'

)

select * from final
