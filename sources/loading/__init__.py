"""From landed text to versions in schema raw."""
