with visits as (select * from {{ ref('stg_raw__web_visits') }}),

contracts as (select * from {{ ref('stg_raw__contracts') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),


known_contracts as (

    select
        source,
        contract_id,
        account_id
    from contracts
    where is_latest

),

-- who used a product under a contract is the customer of that contract
attributed as (

    select
        visits.*,
        accounts.account_id as known_account_id,
        coalesce(visits.page, '') as page_or_none
    from visits
    left join known_contracts
        on
            visits.source = known_contracts.source
            and visits.contract_id = known_contracts.contract_id
    left join accounts
        on coalesce(visits.account_id, known_contracts.account_id) = accounts.account_id
    where visits.is_latest and visits.visited_date <= {{ as_of_date() }}

),

final as (

    select
        source || '|' || coalesce(known_account_id, '') || '|' || visited_date || '|'
        || page_or_none as web_visits_key,
        source,
        known_account_id as account_id,
        page_or_none as page,
        count(*) as visits_count,
        sum(case when is_signed_in then 1 else 0 end) as signed_in_visits_count,
        count(distinct contact_id) as contacts_count,
        cast(sum(use_count) as numeric(18, 4)) as use_count,
        cast(sum(duration_seconds) as numeric(18, 4)) as duration_seconds,
        cast(sum(error_count) as numeric(18, 4)) as error_count,
        visited_date,
        {{ as_of_date() }} as as_of_date
    from attributed
    group by
        source,
        known_account_id,
        page_or_none,
        visited_date

)

select * from final
