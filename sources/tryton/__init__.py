"""Tryton, through its JSON-RPC: any model that its clients may open."""
