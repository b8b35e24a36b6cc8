{#- A source that never says which of its tickets are complaints tells nothing of them. -#}
{{ inputs_told(ref('int_value_days_listed'), {
    'contracts': ('contracts', 'true'),
    'interactions': ('interactions', 'true'),
    'invoices': ('invoices', 'true'),
    'opportunities': ('opportunities', 'true'),
    'order_lines': ('order_lines', 'true'),
    'payments': ('payments', 'true'),
    'referrals': ('referrals', 'true'),
    'survey_responses': ('survey_responses', 'true'),
    'tickets': ('tickets', 'true'),
    'complaints': ('tickets', 'ticket_kind is not null'),
    'costs': ('order_lines', 'cost_amount is not null'),
}) }}
