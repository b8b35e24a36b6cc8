with account_versions as (

    select * from {{ ref('stg_raw__accounts') }}

),

sources as (

    select * from {{ ref('stg_ops__sources') }}

),

-- What a source says first is taken to have held before too: a CRM loaded today knows
-- the industry of years ago, and the past must not look as if nobody had known it.
ranked as (

    select
        account_versions.*,
        -- several records of one source may be one account: the first by id goes first
        dense_rank() over (
            partition by account_versions.account_id
            order by
                coalesce(sources.source_rank, 999999),
                account_versions.source_account_id
        ) as source_rank,
        case
            when
                row_number() over (
                    partition by
                        account_versions.source,
                        account_versions.account_id,
                        account_versions.source_account_id
                    order by account_versions.known_date
                ) = 1
                then cast('1900-01-01' as date)
            else account_versions.known_date
        end as in_force_from_date
    from account_versions
    left join sources
        on account_versions.source = sources.source

),

firsts as (

    select
        account_id,
        least(min(created_date), min(known_date)) as first_seen_date
    from ranked
    group by account_id

),

changes as (

    select distinct
        account_id,
        in_force_from_date
    from ranked

),

merged as (

    select
        changes.account_id,
        changes.in_force_from_date,
        {{ first_by_rank('ranked.account_manager_id') }} as account_manager_id,
        {{ first_by_rank('ranked.parent_account_id') }} as parent_account_id,
        {{ first_by_rank('ranked.account_name') }} as account_name,
        {{ first_by_rank('ranked.industry') }} as industry,
        {{ first_by_rank('ranked.size_band') }} as size_band,
        {{ first_by_rank('ranked.region') }} as region,
        {{ first_by_rank('ranked.country') }} as country,
        {{ first_by_rank('ranked.is_internal') }} as is_internal
    from changes
    inner join ranked
        on
            changes.account_id = ranked.account_id
            and changes.in_force_from_date >= ranked.in_force_from_date
            and (
                ranked.superseded_date is null
                or changes.in_force_from_date < ranked.superseded_date
            )
    group by
        changes.account_id,
        changes.in_force_from_date

),

final as (

    select
        merged.account_id,
        merged.account_manager_id,
        merged.parent_account_id,
        merged.account_name,
        merged.industry,
        merged.size_band,
        merged.region,
        merged.country,
        coalesce(cast(merged.is_internal as boolean), false) as is_internal,
        lead(merged.in_force_from_date) over (
            partition by merged.account_id
            order by merged.in_force_from_date
        ) is null as is_latest,
        firsts.first_seen_date,
        merged.in_force_from_date,
        lead(merged.in_force_from_date) over (
            partition by merged.account_id
            order by merged.in_force_from_date
        ) as superseded_date
    from merged
    inner join firsts
        on merged.account_id = firsts.account_id

)

select * from final
