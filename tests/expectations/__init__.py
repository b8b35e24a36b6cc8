"""The gates, on real tables of a small company."""
