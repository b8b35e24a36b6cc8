with contracts as (select * from {{ ref('stg_raw__contracts') }}),

accounts as (select * from {{ ref('int_relationship_accounts_listed') }}),

scopes as (select * from {{ ref('policy_relationship_agreement_scopes') }}),

holders as (

    select distinct
        account_id,
        group_account_id
    from accounts

),

-- What a first load says of an end that was still to come is left to its date. One that
-- is said to have ended, nobody says when, is in force on no day.
frameworks as (

    select
        contracts.account_id,
        holders.group_account_id,
        contracts.scope,
        scopes.scope_rank,
        contracts.start_date,
        contracts.end_date,
        contracts.known_date,
        contracts.superseded_date
    from contracts
    inner join holders on contracts.account_id = holders.account_id
    left join scopes on contracts.scope = scopes.scope
    where
        contracts.contract_kind = 'framework'
        and (
            coalesce(contracts.contract_status, 'active') = 'active'
            or (contracts.contract_status = 'ended' and contracts.end_date is not null)
        )

),

-- one for the whole group holds for each of its companies
covering as (

    select
        account_id,
        account_id as covered_account_id,
        scope_rank,
        start_date,
        end_date,
        known_date,
        superseded_date
    from frameworks

    union all

    select
        frameworks.account_id,
        holders.account_id as covered_account_id,
        frameworks.scope_rank,
        frameworks.start_date,
        frameworks.end_date,
        frameworks.known_date,
        frameworks.superseded_date
    from frameworks
    inner join holders
        on
            frameworks.group_account_id = holders.group_account_id
            and frameworks.account_id <> holders.account_id
    where frameworks.scope = 'group'

),

final as (

    select
        accounts.account_id,
        count(*) as agreements_count,
        max(covering.scope_rank) as agreement_scope_rank,
        max(coalesce(covering.end_date, cast('9999-12-31' as date))) as agreement_until_date,
        accounts.snapshot_date
    from accounts
    inner join covering
        on
            accounts.account_id = covering.covered_account_id
            and accounts.snapshot_date >= covering.start_date
            and (covering.end_date is null or accounts.snapshot_date <= covering.end_date)
            and {{ is_in_force('covering', 'accounts.snapshot_date') }}
    group by
        accounts.account_id,
        accounts.snapshot_date

)

select * from final
