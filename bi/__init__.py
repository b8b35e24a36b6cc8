"""The BI tool: Apache Superset over the live night, its datasets, charts and dashboards as data."""
