{{ inputs_told(ref('int_relationship_days_listed'), {
    'contacts': ('contacts', 'true'),
    'interactions': ('interactions', 'true'),
    'people_named': ('interactions', 'contact_id is not null'),
    'ranks_named': ('interactions', 'counterpart_level is not null and our_level is not null'),
    'bids': ('bids', 'true'),
    'contracts': ('contracts', 'true'),
    'opportunities': ('opportunities', 'true'),
    'order_lines': ('order_lines', 'true'),
    'promises': ('orders', 'expected_date is not null'),
    'complaints': ('tickets', 'ticket_kind is not null'),
}) }}
