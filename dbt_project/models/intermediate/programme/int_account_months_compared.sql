{#- What each account was in a month, beside what it was a month and a year before. A
    row of a month is handed on to the month after and to the year after, so that
    one pass over all rows compares them. -#}
{%- set measures = ['stage_code', 'net_revenue_365d_amount', 'order_days_365d_count'] -%}
{%- set parts = {
    'states': ['snapshot_date', measures],
    'contract_months': ['month_date', ['mrr_amount']],
    'contracts': ['end_date', ['is_renewed']],
} -%}
{%- set types = {
    'stage_code': type_text(),
    'net_revenue_365d_amount': 'numeric',
    'order_days_365d_count': 'bigint',
    'mrr_amount': 'numeric',
    'is_renewed': 'boolean',
} -%}
with states as (select * from {{ ref('int_account_states_dated') }}),

contract_months as (select * from {{ ref('int_contract_months_summed') }}),

contracts as (select * from {{ ref('int_contracts_bridged') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),

months as (select * from {{ ref('int_kpi_months_listed') }}),

told as (
    {% for relation, (day, columns) in parts.items() %}
        select
            account_id,
            {%- for column, type in types.items() %}
                cast({{ column if column in columns else 'null' }} as {{ type }}) as {{ column }},
            {%- endfor %}
            {{ month_number(day) }} as month_number
        from {{ relation }}
        {{ "where end_date <= " ~ as_of_date() if relation == 'contracts' }}
        {{ "union all" if not loop.last }}
    {% endfor %}
),

final as (

    select
        told.account_id,
        coalesce(max(accounts.region), 'unknown') as region,
        {%- for when in ['now', 'before'] %}
            max(case when handed_on.told_when = '{{ when }}' then told.stage_code end)
                as stage_code_{{ when }},
        {%- endfor %}
        coalesce(
            max(case when handed_on.told_when = 'now' then told.order_days_365d_count end), 0
        ) as order_days_count_now,
        {%- for when in ['now', 'before', 'year_before'] %}
            {%- for column, name in {
                'net_revenue_365d_amount': 'revenue_amount', 'mrr_amount': 'mrr_amount',
            }.items() %}
                cast(coalesce(
                    sum(case when handed_on.told_when = '{{ when }}' then told.{{ column }} end), 0
                ) as numeric(18, 4)) as {{ name }}_{{ when }},
            {%- endfor %}
        {%- endfor %}
        -- null when no contract ended, true when another followed each of those that did
        bool_and(case when handed_on.told_when = 'now' then told.is_renewed end) as is_renewed,
        months.month_date
    from told
    cross join (values ('now', 0), ('before', 1), ('year_before', 12))
        as handed_on (told_when, months_count)
    inner join months on told.month_number + handed_on.months_count = months.month_number
    left join accounts on told.account_id = accounts.account_id
    group by
        told.account_id,
        months.month_date

)

select * from final
