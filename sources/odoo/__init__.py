"""Odoo, through JSON-2 (19 and later) or JSON-RPC (18 and earlier)."""
