with contracts as (select * from {{ ref('int_contracts_bridged') }}),

churn_reasons as (select * from {{ ref('stg_raw__churn_reasons') }}),

endings as (select * from {{ ref('policy_contract_endings') }}),


-- The first month on whose last day a contract that had counted does not count any more.
ends as (

    select
        *,
        {{ month_start(add_days('in_force_until_date', 1)) }} as month_date
    from contracts
    where
        in_force_until_date < {{ as_of_date() }}
        and start_date < {{ month_start(add_days('in_force_until_date', 1)) }}

),

-- Of several, the one that brought most; of several notes, that of the contract itself.
explained as (

    select
        ends.account_id,
        ends.month_date,
        ends.ended_by,
        coalesce(ends.end_reason, churn_reasons.reason) as reason,
        churn_reasons.lost_to,
        coalesce(endings.is_voluntary, churn_reasons.is_voluntary) as is_voluntary,
        row_number() over (
            partition by ends.account_id, ends.month_date
            order by
                ends.monthly_amount desc nulls last,
                ends.source asc,
                ends.contract_id asc,
                case when churn_reasons.contract_id is null then 1 else 0 end asc,
                churn_reasons.left_date desc nulls last,
                churn_reasons.churn_reason_id asc
        ) as place
    from ends
    left join endings on ends.ended_by = endings.ended_by
    left join churn_reasons
        on
            ends.account_id = churn_reasons.account_id
            and churn_reasons.is_latest
            and (
                ends.contract_id = churn_reasons.contract_id
                or (
                    churn_reasons.contract_id is null
                    and (
                        ends.month_date = {{ month_start('churn_reasons.left_date') }}
                        or ends.in_force_until_date = churn_reasons.left_date
                    )
                )
            )

),

final as (

    select
        account_id,
        ended_by,
        reason,
        lost_to,
        case when ended_by = 'merger' then null else is_voluntary end as is_voluntary,
        month_date
    from explained
    where place = 1

)

select * from final
