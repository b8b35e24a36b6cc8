"""Learn: marts to point-in-time features, to a tested model or rule, to scores."""
