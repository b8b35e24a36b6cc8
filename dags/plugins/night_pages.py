"""Puts the pages of the nights into Airflow. Every process of Airflow loads this, and one of them shows pages."""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin

PREFIX = "/nights"


class LatePages:
    """The pages, imported when somebody first asks: their libraries cost seconds, and tasks never ask."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        from dags.dag_support.pages import app

        await app(scope, receive, send)


class NightPages(AirflowPlugin):
    """Mounts the pages and puts them into the navigation."""

    name = "night_pages"
    fastapi_apps = [{"app": LatePages(), "url_prefix": PREFIX, "name": "night pages"}]  # noqa: RUF012 - Airflow's own type
    external_views = [  # noqa: RUF012 - Airflow's own type
        {"name": "Nights", "href": f"{PREFIX}/index.html", "url_route": "nights", "destination": "nav"}
    ]
