{{ inputs_told(ref('int_relationship_months_listed'), {
    'order_lines': ('order_lines', 'true'),
    'complaints': ('tickets', 'ticket_kind is not null'),
    'replies': ('tickets', 'first_response_at is not null or resolved_at is not null'),
    'resolutions': ('tickets', 'resolved_at is not null'),
    'dues': ('invoices', 'due_date is not null'),
    'payments': ('payments', 'true'),
    'nps': ('survey_responses', "survey_response_kind = 'nps'"),
    'csat': ('survey_responses', "survey_response_kind = 'csat'"),
    'contracts': ('contracts', 'true'),
}) }}
