{#- What was known of a day does not change with the nights, unless records are joined with
    others, taken out, or read that were not read before. So what the live night knew, up to
    its own day, of all that relationships and health are made of is compared with what is
    known of that time today; each column, so that none can be forgotten, and by the day
    on which it was known, since nothing counts before. -#}
{%- set entities = [
    'contacts', 'interactions', 'campaign_members', 'referrals', 'tickets', 'survey_responses',
    'opportunities', 'bids', 'contracts', 'orders', 'invoices', 'payments',
] -%}
{%- set compared = {
    'account_days': ('int_account_days_known', 'known_date', none, 'true'),
    'order_lines': ('stg_raw__order_lines', 'known_date', ['known_date'], 'true'),
    'accounts': (
        'int_accounts_merged', 'greatest(first_known_date, in_force_from_date)', none, 'true',
    ),
    'accounts_sold_to': (
        'int_accounts_merged', 'greatest(in_force_from_date, sold_date)', none,
        'sold_date is not null',
    ),
    'own_accounts': (
        'int_accounts_merged', 'first_known_date', ['account_id', 'is_internal'], 'is_latest',
    ),
} -%}
{%- for entity in entities %}
    {%- do compared.update({entity: ('stg_raw__' ~ entity, 'known_date', none, 'true')}) -%}
{%- endfor %}
{%- set of_tonight = ['is_latest', 'superseded_date', 'first_seen_date'] -%}
{%- set ended = 'case when superseded_date <= last_date then superseded_date end' -%}
with account_days as (select * from {{ ref('int_account_days_known') }}),

bounds as (

    {% if var('carried_schema') -%}
        select max(snapshot_date) as last_date
        from {{ carried_relation('int_relationship_days_held') }}
    {%- else -%}
        select cast(null as date) as last_date
    {%- endif %}

),

sold as (

    select
        account_days.account_id as sold_account_id,
        min(account_days.known_date) as sold_date
    from account_days
    cross join bounds
    where account_days.known_date <= bounds.last_date
    group by account_days.account_id

),

told as (
    {% for table_name, (model_name, day, columns, condition) in compared.items() %}
        {%- set relation = ref(model_name) %}
        {%- set listed = columns or (
            adapter.get_columns_in_relation(relation) | map(attribute='name')
            | reject('in', of_tonight) | list + [ended] if execute else ['known_date']
        ) %}
        {%- for side in [1, -1] if side == 1 or var('carried_schema') %}
            select
                '{{ table_name }}' as table_name,
                {{ side }} as side,
                count(*) as rows_count,
                sum({{ row_digest(listed) }}) as digest,
                {{ day }} as known_day
            from {{ relation if side == 1 else carried_relation(model_name) }}
            cross join bounds
            {%- if 'sold_date' in condition %}
                left join sold on account_id = sold_account_id
            {%- endif %}
            where {{ condition }} and {{ day }} <= bounds.last_date
            group by {{ day }}
            {{ "union all" if not loop.last }}
        {%- endfor %}
        {{ "union all" if not loop.last }}
    {%- endfor %}
),

final as (

    select
        table_name,
        min(known_day) as restated_from_date
    from (
        select
            table_name,
            known_day
        from told
        group by table_name, known_day
        having sum(side * rows_count) <> 0 or sum(side * digest) <> 0
    ) as differing
    group by table_name

)

select * from final
