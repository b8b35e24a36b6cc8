with accounts as (select * from {{ ref('int_accounts_measured') }}),

versions as (select * from {{ ref('int_accounts_merged') }}),

methods as (select * from {{ ref('policy_wallet_methods') }}),

-- The key of a group begins with its method, so that an industry is no size.
keyed as (

    select
        versions.account_id,
        methods.wallet_method,
        methods.precedence,
        case methods.wallet_method
            when 'peers_industry_size' then versions.industry || '|' || versions.size_band
            when 'peers_size' then versions.size_band
            when 'peers_industry' then versions.industry
        end as attributes,
        greatest(versions.first_known_date, versions.in_force_from_date) as in_force_from_date,
        versions.superseded_date
    from versions
    inner join accounts on versions.account_id = accounts.account_id
    cross join methods
    where not accounts.is_internal

),

-- a version that was superseded before the account was known was in force on no day
final as (

    select
        account_id,
        wallet_method,
        precedence,
        wallet_method || '|' || attributes as wallet_group,
        in_force_from_date,
        superseded_date
    from keyed
    where
        attributes is not null
        and (superseded_date is null or superseded_date > in_force_from_date)

)

select * from final
