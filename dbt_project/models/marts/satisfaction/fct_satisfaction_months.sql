with account_months as (select * from {{ ref('fct_account_satisfaction_months') }}),

customers as (select * from {{ ref('int_customer_months_valued') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),

heard as (

    select
        account_months.*,
        customers.revenue_12m_amount,
        coalesce(account_months.account_id, customers.account_id) as any_account_id,
        coalesce(account_months.month_date, customers.month_date) as any_month_date,
        coalesce(account_months.counted_date, customers.counted_date) as any_counted_date,
        coalesce(
            account_months.nps_responses_count
            + account_months.csat_responses_count
            + account_months.ces_responses_count > 0, false
        ) as has_responded
    from account_months
    full outer join customers
        on
            account_months.account_id = customers.account_id
            and account_months.month_date = customers.month_date

),

placed as (
    {% for dimension in ['company', 'industry', 'size_band', 'region'] %}
        select
            heard.*,
            '{{ dimension }}' as dimension,
            {% if dimension == 'company' -%}
                'all'
            {%- else -%}
                coalesce(accounts.{{ dimension }}, 'unknown')
            {%- endif %} as dimension_value
        from heard
        inner join accounts on heard.any_account_id = accounts.account_id
        where not accounts.is_internal
        {{ "union all" if not loop.last }}
    {% endfor %}
),

final as (

    select
        placed.dimension,
        placed.dimension_value,
        count(placed.revenue_12m_amount) as customers_count,
        count(case when placed.has_responded then placed.revenue_12m_amount end)
            as responding_customers_count,
        {{ rate(
            'count(case when placed.has_responded then placed.revenue_12m_amount end)',
            'count(placed.revenue_12m_amount)',
        ) }} as response_rate,
        {{ rate(
            'coalesce(sum(case when placed.has_responded then placed.revenue_12m_amount end), 0)',
            'sum(placed.revenue_12m_amount)',
        ) }} as revenue_coverage_rate,
        count(placed.nps_score) as nps_accounts_count,
        {{ mean('placed.nps_score') }} as nps_score,
        {{ mean('placed.nps_decision_maker_score') }} as nps_decision_maker_score,
        {{ mean('placed.nps_score', weight='placed.revenue_12m_amount') }} as nps_revenue_score,
        count(placed.csat_rate) as csat_accounts_count,
        {{ mean('placed.csat_rate') }} as csat_rate,
        {%- for column in [
            'nps_responses_count', 'csat_good_to_bad_count', 'csat_bad_to_good_count', 'tickets_count',
            'complaints_count', 'open_tickets_count', 'low_answers_count',
            'complaints_settled_count',
        ] %}
            cast(coalesce(sum(placed.{{ column }}), 0) as bigint) as {{ column }},
        {%- endfor %}
        {{ rate('sum(placed.reply_in_target_count)', 'sum(placed.reply_judged_count)') }}
            as reply_in_target_rate,
        {{ rate('sum(placed.resolution_in_target_count)', 'sum(placed.resolution_judged_count)') }}
            as resolution_in_target_rate,
        placed.any_month_date as month_date,
        placed.any_counted_date as counted_date,
        {{ as_of_date() }} as as_of_date
    from placed
    group by
        placed.dimension,
        placed.dimension_value,
        placed.any_month_date,
        placed.any_counted_date

)

select * from final
