with contracts as (select * from {{ ref('stg_raw__contracts') }}),

accounts as (select * from {{ ref('int_relationship_accounts_listed') }}),

scopes as (select * from {{ ref('policy_relationship_agreement_scopes') }}),

-- What a first load says of an end that was still to come is left to its date. One that
-- is said to have ended, nobody says when, is in force on no day.
frameworks as (

    select
        contracts.account_id,
        contracts.scope,
        scopes.scope_rank,
        contracts.start_date,
        contracts.end_date,
        contracts.known_date,
        contracts.superseded_date
    from contracts
    left join scopes on contracts.scope = scopes.scope
    where
        contracts.contract_kind = 'framework'
        and (
            coalesce(contracts.contract_status, 'active') = 'active'
            or (contracts.contract_status = 'ended' and contracts.end_date is not null)
        )

),

in_force as (

    select
        accounts.account_id,
        accounts.group_account_id,
        frameworks.scope,
        frameworks.scope_rank,
        frameworks.end_date,
        accounts.snapshot_date
    from accounts
    inner join frameworks
        on
            accounts.account_id = frameworks.account_id
            and accounts.snapshot_date >= frameworks.start_date
            and (frameworks.end_date is null or accounts.snapshot_date <= frameworks.end_date)
            and {{ is_in_force('frameworks', 'accounts.snapshot_date') }}

),

-- one for the whole group holds for each company that belongs to it on the day
held as (

    select
        account_id,
        scope_rank,
        end_date,
        snapshot_date
    from in_force
    union all
    select
        accounts.account_id,
        in_force.scope_rank,
        in_force.end_date,
        accounts.snapshot_date
    from in_force
    inner join accounts
        on
            in_force.group_account_id = accounts.group_account_id
            and in_force.snapshot_date = accounts.snapshot_date
            and in_force.account_id <> accounts.account_id
    where in_force.scope = 'group'

),

final as (

    select
        account_id,
        count(*) as agreements_count,
        max(scope_rank) as agreement_scope_rank,
        max(coalesce(end_date, cast('9999-12-31' as date))) as agreement_until_date,
        snapshot_date
    from held
    group by
        account_id,
        snapshot_date

)

select * from final
