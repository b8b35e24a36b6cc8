with summed as (select * from {{ ref('int_account_category_months_summed') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),

buyers as (

    select
        summed.category,
        accounts.industry,
        accounts.size_band,
        summed.spend_12m_amount,
        summed.month_date
    from summed
    inner join accounts on summed.account_id = accounts.account_id
    where summed.spend_12m_amount > 0

),

-- an account of which either is not known has no group of its own
final as (

    select
        'industry_size|' || category || '|' || industry || '|' || size_band || '|' || month_date
            as peers_key,
        'industry_size' as peer_scope,
        category,
        industry,
        size_band,
        count(*) as peers_count,
        {{ median('spend_12m_amount') }} as peer_median_amount,
        {{ percentile('spend_12m_amount', 0.75) }} as peer_p75_amount,
        month_date
    from buyers
    where industry is not null and size_band is not null
    group by
        category,
        industry,
        size_band,
        month_date

    union all

    select
        'all|' || category || '|' || month_date as peers_key,
        'all' as peer_scope,
        category,
        cast(null as {{ type_text() }}) as industry,
        cast(null as {{ type_text() }}) as size_band,
        count(*) as peers_count,
        {{ median('spend_12m_amount') }} as peer_median_amount,
        {{ percentile('spend_12m_amount', 0.75) }} as peer_p75_amount,
        month_date
    from buyers
    group by
        category,
        month_date

)

select * from final
