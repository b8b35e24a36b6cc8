with experiences as (select * from {{ ref('int_account_experiences_listed') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),

felt as (

    select
        experiences.*,
        {{ month_start('experiences.felt_date') }} as month_date
    from experiences
    inner join accounts on experiences.account_id = accounts.account_id
    where not accounts.is_internal

),

final as (

    select
        account_id || '|' || month_date as account_month_key,
        account_id,
        {%- for kind, name, unit in [
            ('reply', 'tickets', 'first_reply_hours'),
            ('delivery', 'deliveries', 'delivery_days'),
            ('promise', 'due_orders', 'late_days'),
            ('invoice', 'invoices', 'invoice_correction_days'),
        ] %}
            count(case when experience_kind = '{{ kind }}' then 1 end) as {{ name }}_count,
            cast(
                {{ median("case when experience_kind = '" ~ kind ~ "' then waited end") }}
                as numeric(18, 4)
            ) as median_{{ unit }},
            max(case when experience_kind = '{{ kind }}' then waited end) as longest_{{ unit }},
        {%- endfor %}
        {%- for kind, name in [('reply', 'reply_in_target'), ('promise', 'on_time')] %}
            {{ rate(
                "count(case when experience_kind = '" ~ kind ~ "' and is_kept then 1 end)",
                "count(case when experience_kind = '" ~ kind ~ "' then is_kept end)",
            ) }} as {{ name }}_rate,
        {%- endfor %}
        {{ rate(
            "count(case when experience_kind = 'invoice' and not is_kept then 1 end)",
            "count(case when experience_kind = 'invoice' then 1 end)",
        ) }} as corrected_invoices_rate,
        month_date,
        {{ as_of_date() }} as as_of_date
    from felt
    group by
        account_id,
        month_date

)

select * from final
