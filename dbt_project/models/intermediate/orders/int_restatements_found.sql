{#- What was known of a day does not change with the nights, unless accounts are joined or
    left out, or a source is read that was not read before. So what the live night knew of
    the days that were past for it is compared with what is known of them today. -#}
{%- set attributes = ['industry', 'size_band', 'region'] -%}
{%- set amounts = ['lines_count', 'net_revenue_amount', 'ordered_amount', 'returned_amount'] -%}
{%- set superseded = 'case when superseded_date <= last_date then superseded_date end' -%}
{%- set kinds = {
    'sales': ['int_account_days_known', 'known_date', ['order_date', superseded] + amounts],
    'peers': ['int_accounts_merged', 'in_force_from_date', [superseded] + attributes],
    'presence': ['int_accounts_merged', 'first_seen_date', ['is_internal']],
    'history': ['dim_account_history', 'valid_from_date', [
        'case when valid_to_date < last_date then valid_to_date end', 'contract_mode',
    ] + attributes],
} -%}
with int_account_days_known as (select * from {{ ref('int_account_days_known') }}),

int_accounts_merged as (select * from {{ ref('int_accounts_merged') }}),

dim_account_history as (select * from {{ ref('dim_account_history') }}),

bounds as (

    {% if var('carried_schema') -%}
        select max(snapshot_date) as last_date
        from {{ carried_relation('int_snapshot_dates_listed') }}
        where not is_current
    {%- else -%}
        select cast(null as date) as last_date
    {%- endif %}

),

told as (
    {% for kind, (model_name, day, columns) in kinds.items() %}
        {%- for side in [1, -1] if side == 1 or var('carried_schema') %}
            select
                account_id,
                '{{ kind }}' as kind,
                concat_ws(
                    '|',
                    {%- for column in columns %}
                        coalesce(cast({{ column }} as {{ type_text() }}), '')
                        {{- "," if not loop.last }}
                    {%- endfor %}
                ) as words,
                {{ side }} as side,
                {{ day }} as told_date
            from {{ model_name if side == 1 else carried_relation(model_name) }}
            cross join bounds
            where {{ day }} <= bounds.last_date {{ 'and is_latest' if kind == 'presence' }}
            {{ "union all" if not loop.last }}
        {%- endfor %}
        {{ "union all" if not loop.last }}
    {%- endfor %}
),

differing as (

    select
        account_id,
        kind
    from told
    group by
        account_id,
        kind,
        told_date,
        words
    having sum(side) <> 0

),

sold as (

    select distinct int_account_days_known.account_id
    from int_account_days_known
    cross join bounds
    where int_account_days_known.known_date <= bounds.last_date

),

-- The medians of peers and the ranks of all rest on who has ordered; who has not changes
-- nobody's figures but its own.
final as (

    select
        differing.account_id,
        bool_or(
            differing.kind = 'sales'
            or (differing.kind <> 'history' and sold.account_id is not null)
        ) as is_of_sales,
        bool_or(differing.kind = 'presence') as is_of_presence
    from differing
    left join sold on differing.account_id = sold.account_id
    group by differing.account_id

)

select * from final
