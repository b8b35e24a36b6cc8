"""Sources that are databases, read by SQL."""
