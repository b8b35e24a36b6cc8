with compared as (select * from {{ ref('int_account_category_months_compared') }}),

rhythms as (select * from {{ ref('int_category_rhythms_measured') }}),

months as (select * from {{ ref('int_category_months_listed') }}),

policy as ({{ policy_values([
    'churn_gap_multiple',
    'churn_days_minimum',
    'churn_days_maximum',
]) }}),

paced as (

    select
        compared.*,
        rhythms.typical_gap_days,
        {{ days_between('compared.last_order_date', 'compared.counted_date') }}
            as days_since_last_order,
        {{ churn_limit_days('rhythms.typical_gap_days') }} as churn_limit_days
    from compared
    cross join policy
    inner join rhythms
        on
            compared.account_id = rhythms.account_id
            and compared.category = rhythms.category
            and compared.month_date = rhythms.month_date

),

final as (

    select
        account_id || '|' || category || '|' || month_date as account_category_month_key,
        account_id,
        category,
        peer_scope,
        cast(spend_amount as numeric(18, 4)) as spend_amount,
        cast(spend_12m_amount as numeric(18, 4)) as spend_12m_amount,
        cast(spend_prior_12m_amount as numeric(18, 4)) as spend_prior_12m_amount,
        case
            when spend_prior_12m_amount > 0
                then {{ rate('spend_12m_amount', 'spend_prior_12m_amount') }} - 1
        end as trend_rate,
        case
            when account_spend_12m_amount > 0
                then {{ rate('spend_12m_amount', 'account_spend_12m_amount') }}
        end as share_rate,
        peers_count,
        cast(peer_median_amount as numeric(18, 4)) as peer_median_12m_amount,
        cast(peer_p75_amount as numeric(18, 4)) as peer_p75_12m_amount,
        case
            when peers_count is not null
                then cast(greatest(0, peer_p75_amount - spend_12m_amount) as numeric(18, 4))
        end as gap_amount,
        days_since_last_order,
        cast(typical_gap_days as {{ type_double() }}) as typical_gap_days,
        {{ rate('days_since_last_order', 'typical_gap_days') }} as overdue_ratio,
        days_since_last_order > churn_limit_days as is_lapsed,
        -- who buys nothing any more has left us, not a category
        days_since_last_order > churn_limit_days
        and account_last_order_date > last_order_date as is_category_churn,
        last_order_date,
        month_date,
        counted_date,
        {{ as_of_date() }} as as_of_date
    from paced

)

{{ final_and_carried('months', day='month_date') }}
