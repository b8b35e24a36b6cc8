"""Zoho CRM, version 8 of its API."""
