with contracts as (select * from {{ ref('int_contracts_bridged') }}),

dates as (select * from {{ ref('dim_dates') }}),


months as (

    select
        month_start_date as month_date,
        month_end_date,
        least(month_end_date, {{ as_of_date() }}) as counted_date
    from dates
    where is_month_end and month_start_date <= {{ as_of_date() }}

),

firsts as (

    select
        account_id,
        min(start_date) as first_contract_date
    from contracts
    group by account_id

),

final as (

    select
        firsts.account_id,
        cast(coalesce(sum(contracts.monthly_amount), 0) as numeric(18, 4)) as mrr_amount,
        count(contracts.contract_id) as contracts_count,
        count(contracts.contract_id) - count(contracts.monthly_amount)
            as unpriced_contracts_count,
        months.month_date,
        months.counted_date
    from firsts
    inner join months
        on
            firsts.first_contract_date <= months.month_end_date
            and firsts.first_contract_date <= {{ as_of_date() }}
    left join contracts
        on
            firsts.account_id = contracts.account_id
            and months.counted_date >= contracts.start_date
            and (
                contracts.in_force_until_date is null
                or months.counted_date <= contracts.in_force_until_date
            )
    group by
        firsts.account_id,
        months.month_date,
        months.counted_date

)

select * from final
