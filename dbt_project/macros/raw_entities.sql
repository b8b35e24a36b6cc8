{#- The entities of raw, by name, each with its columns of account ids. -#}
{% macro raw_entities() -%}
    {{ return({
        'account_managers': [],
        'accounts': ['account_id', 'parent_account_id'],
        'bids': ['account_id'],
        'campaign_members': ['account_id'],
        'campaigns': [],
        'churn_reasons': ['account_id'],
        'contacts': ['account_id'],
        'contracts': ['account_id'],
        'interactions': ['account_id'],
        'invoices': ['account_id'],
        'loyalty_points': ['account_id'],
        'opportunities': ['account_id'],
        'opportunity_stages': [],
        'order_lines': [],
        'orders': ['account_id'],
        'payments': ['account_id'],
        'prices': ['account_id'],
        'products': [],
        'referrals': ['account_id', 'referred_account_id'],
        'relationship_plans': ['account_id'],
        'relationship_reviews': ['account_id'],
        'survey_responses': ['account_id'],
        'tickets': ['account_id'],
        'web_visits': ['account_id'],
    }) }}
{%- endmacro %}
