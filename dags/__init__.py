"""When things run. Only this folder knows the scheduler."""
