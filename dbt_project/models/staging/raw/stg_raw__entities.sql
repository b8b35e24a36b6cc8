{%- set entities = [
    'account_managers',
    'accounts',
    'bids',
    'campaign_members',
    'campaigns',
    'churn_reasons',
    'contacts',
    'contracts',
    'interactions',
    'invoices',
    'loyalty_points',
    'opportunities',
    'opportunity_stages',
    'order_lines',
    'orders',
    'payments',
    'prices',
    'products',
    'referrals',
    'relationship_plans',
    'relationship_reviews',
    'survey_responses',
    'tickets',
    'web_visits',
] -%}

{% for entity in entities %}
    select
        '{{ entity }}' as entity,
        exists(
            select 1
            from {{ source('raw', entity) }}
            where {{ date_in_zone('known_at') }} <= {{ as_of_date() }}
        ) as has_records
    {{ "union all" if not loop.last }}
{% endfor %}
