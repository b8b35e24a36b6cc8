with accounts as (select * from {{ ref('int_accounts_measured') }}),

methods as (select * from {{ ref('policy_wallet_methods') }}),

-- The key of a group begins with its method, so that an industry is no size.
keyed as (

    select
        accounts.account_id,
        methods.wallet_method,
        methods.precedence,
        case methods.wallet_method
            when 'peers_industry_size' then accounts.industry || '|' || accounts.size_band
            when 'peers_size' then accounts.size_band
            when 'peers_industry' then accounts.industry
        end as attributes
    from accounts
    cross join methods
    where not accounts.is_internal

),

final as (

    select
        account_id,
        wallet_method,
        precedence,
        wallet_method || '|' || attributes as wallet_group
    from keyed
    where attributes is not null

)

select * from final
