{#- Where each kind of finding comes from; what a kind does not tell is null. -#}
{%- set kinds = {
    'not_delivered': {
        'step': 'extract', 'from': 'tonight',
        'where': "is_newest and extract_state in ('carried', 'failed')",
        'source': 'source', 'table_name': 'entity',
    },
    'rows_refused': {
        'step': 'extract', 'from': 'tonight', 'where': 'is_newest and quarantined_count > 0',
        'source': 'source', 'table_name': 'entity',
        'affected_count': 'quarantined_count', 'checked_count': 'extracted_count',
    },
    'column_not_mapped': {
        'step': 'extract', 'from': 'source_columns',
        'where': 'is_news and first_seen_date = ' ~ as_of_date(),
        'source': 'source', 'table_name': 'dataset', 'column_name': 'column_name',
    },
    'promise_broken': {
        'step': 'check raw', 'from': 'broken', 'table_name': 'substr(suite, 5)',
        'column_name': 'column_name', 'severity': 'severity', 'promise': 'expectation',
        'detail_en': 'description_en', 'detail_zh': 'description_zh',
        'affected_count': 'failed_count', 'checked_count': 'checked_count',
    },
    'no_records': {
        'step': 'transform', 'from': 'entities', 'where': 'not has_records', 'table_name': 'entity',
    },
    'value_missing': {
        'step': 'transform', 'from': 'missing',
        'table_name': 'table_name', 'column_name': 'column_name',
        'affected_count': 'affected_count', 'checked_count': 'checked_count',
    },
    'circular_parents': {
        'step': 'transform', 'from': 'circles', 'where': 'affected_count > 0',
        'table_name': "'dim_accounts'", 'column_name': "'parent_account_id'",
        'affected_count': 'affected_count', 'checked_count': 'checked_count',
    },
} -%}
{%- set texts = [
    'severity', 'source', 'table_name', 'column_name', 'promise', 'detail_en', 'detail_zh',
] -%}
with extracts as (

    select * from {{ ref('stg_ops__extracts') }}

),

checks as (

    select * from {{ ref('stg_ops__check_results') }}

),

source_columns as (

    select * from {{ ref('stg_ops__source_columns') }}

),

entities as (

    select * from {{ ref('stg_raw__entities') }}

),

accounts as (

    select * from {{ ref('dim_accounts') }}

),

hierarchy as (

    select * from {{ ref('dim_account_hierarchy') }}

),

products as (

    select * from {{ ref('dim_products') }}

),

policy as ({{ policy_values(['missing_rate_maximum']) }}),

-- Of several nights for the day, and several attempts of a night, the newest counts.
tonight as (

    select
        *,
        rank() over (order by extract_gen desc) = 1
        and row_number() over (
            partition by extract_gen, source, entity
            order by extract_attempt desc
        ) = 1 as is_newest
    from extracts
    where extracted_date = {{ as_of_date() }}

),

filled as (
    {% for column in ['industry', 'size_band', 'region', 'account_manager_id'] %}
        select
            'dim_accounts' as table_name,
            '{{ column }}' as column_name,
            count(*) - count({{ column }}) as affected_count,
            count(*) as checked_count
        from accounts
        where not is_internal
        union all
    {% endfor %}
    select
        'dim_products' as table_name,
        'category' as column_name,
        count(*) - count(category) as affected_count,
        count(*) as checked_count
    from products
),

broken as (

    select checks.*
    from checks
    where
        not checks.is_success
        and checks.check_stage = 'raw'
        and checks.check_gen in (
            select tonight.extract_gen
            from tonight
            where tonight.is_newest
        )

),

missing as (

    select filled.*
    from filled
    cross join policy
    where filled.affected_count > policy.missing_rate_maximum * filled.checked_count

),

circles as (

    select
        count(case when is_circular then 1 end) as affected_count,
        count(*) as checked_count
    from hierarchy
    where depth = 0

),

found as (
    {% for code, kind in kinds.items() %}
        select
            '{{ code }}' as finding_code,
            '{{ kind.step }}' as step,
            {%- for column in texts %}
                cast({{ kind[column] or 'null' }} as {{ type_text() }}) as {{ column }},
            {%- endfor %}
            cast({{ kind.affected_count or 'null' }} as bigint) as affected_count,
            cast({{ kind.checked_count or 'null' }} as bigint) as checked_count
        from {{ kind.from }}
        where {{ kind.where or 'true' }}
        {{ "union all" if not loop.last }}
    {% endfor %}
),

final as (

    select
        concat_ws('|', finding_code, source, table_name, column_name, promise) as finding_key,
        *
    from found

)

select * from final
