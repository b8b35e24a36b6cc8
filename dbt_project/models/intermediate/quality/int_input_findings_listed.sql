{%- set texts = [
    'severity', 'source', 'table_name', 'column_name', 'promise', 'detail_en', 'detail_zh',
] -%}
with source_columns as (select * from {{ ref('stg_ops__source_columns') }}),

entities as (select * from {{ ref('stg_raw__entities') }}),

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
    from {{ ref('stg_ops__extracts') }}
    where extracted_date = {{ as_of_date() }}

),

filled as (
    {% for column in ['industry', 'size_band', 'region', 'account_manager_id'] %}
        select
            'dim_accounts' as table_name,
            '{{ column }}' as column_name,
            count(*) - count({{ column }}) as affected_count,
            count(*) as checked_count
        from {{ ref('int_accounts_measured') }}
        where not is_internal
        union all
    {% endfor %}
    select
        'dim_products' as table_name,
        'category' as column_name,
        count(*) - count(category) as affected_count,
        count(*) as checked_count
    from {{ ref('dim_products') }}
),

broken as (

    select checks.*
    from {{ ref('stg_ops__check_results') }} as checks
    where
        not checks.is_success
        and checks.check_stage = 'raw'
        and checks.check_gen = (select max(tonight.extract_gen) from tonight)

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
    from {{ ref('dim_account_hierarchy') }}
    where depth = 0

),

found as (
    {% for code, kind in finding_kinds().items() %}
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
