{%- set attributes = [
    'account_manager_id', 'parent_account_id', 'account_name', 'industry', 'size_band', 'region', 'country',
] -%}
with account_versions as (select * from {{ ref('stg_raw__accounts') }}),

sources as (select * from {{ ref('stg_ops__sources') }}),

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
    left join sources on account_versions.source = sources.source

),

firsts as (

    select
        account_id,
        least(min(created_date), min(known_date)) as first_seen_date,
        min(known_date) as first_known_date
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
        {%- for attribute in attributes %}
            {{ first_by_rank('ranked.' ~ attribute) }} as {{ attribute }},
        {%- endfor %}
        {{ first_by_rank('ranked.is_internal') }} as is_internal
    from changes
    inner join ranked
        on
            changes.account_id = ranked.account_id
            and {{ is_account_in_force('ranked', 'changes.in_force_from_date') }}
    group by
        changes.account_id,
        changes.in_force_from_date

),

final as (

    select
        merged.account_id,
        {%- for attribute in attributes %}
            merged.{{ attribute }},
        {%- endfor %}
        coalesce(cast(merged.is_internal as boolean), false) as is_internal,
        lead(merged.in_force_from_date) over account_days is null as is_latest,
        firsts.first_seen_date,
        firsts.first_known_date,
        merged.in_force_from_date,
        lead(merged.in_force_from_date) over account_days as superseded_date
    from merged
    inner join firsts on merged.account_id = firsts.account_id
    window account_days as (
        partition by merged.account_id
        order by merged.in_force_from_date
    )

)

select * from final
