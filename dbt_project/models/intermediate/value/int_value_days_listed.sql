{{ days_in_hand('value_months_count') }}
