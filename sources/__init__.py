"""Brings what the source systems know into schema raw, in the house's own words."""
