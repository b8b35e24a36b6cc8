{{ days_in_hand('relationship_months_count') }}
