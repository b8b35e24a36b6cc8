"""The commands of `guanxi`, one module a group; the only place below dags/ that joins the rooms."""
