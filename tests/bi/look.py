"""Open dashboards in a real browser and tell what is seen; run by Superset's own Python, which has the driver.

Reads what to look at as JSON from stdin and writes what was seen as JSON to stdout.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page, Response, sync_playwright
from playwright.sync_api import TimeoutError as TookTooLong

WIDTH = 1600
CHARTS_WITHIN_SECONDS = 90


def main() -> int:
    wanted = json.load(sys.stdin)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=wanted["browser"], args=["--no-sandbox", "--disable-gpu", "--force-color-profile=srgb"]
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": 1000})
        outside: list[str] = []
        # what the policy of the page blocks never leaves: only what was answered has
        page.on("requestfinished", lambda request: _note_outside(request.url, outside))
        _log_in(page, wanted)
        seen = {
            "dashboards_listed": _listed(page, wanted["url"]),
            "pages": {each["slug"]: _look(page, wanted, each) for each in wanted["dashboards"]},
            "forbidden": {path: page.request.get(wanted["url"] + path).status for path in wanted["forbidden"]},
            "asked": {name: _ask(page, wanted["url"], number) for name, number in wanted["datasets"].items()},
            "outside": outside,
        }
        browser.close()
    sys.stdout.write(json.dumps(seen) + "\n")
    return 0


def _log_in(page: Page, wanted: dict[str, Any]) -> None:
    """Log in as a person does; on a busy machine a click may come before the page listens, so it is tried again."""
    for _ in range(3):
        page.goto(wanted["url"] + "/login/")
        page.wait_for_load_state("networkidle")
        page.locator("input#username, input[name=username]").first.fill(wanted["user"])
        page.locator("input#password, input[name=password]").first.fill(wanted["password"])
        page.locator("button[type=submit], input[type=submit]").first.click()
        try:
            page.wait_for_url("**/welcome/**", timeout=30_000)
        except TookTooLong:
            continue
        page.wait_for_load_state("networkidle")
        return
    raise RuntimeError(f"nobody is logged in, the page is {page.url}: {page.inner_text('body')[:500]}")


def _listed(page: Page, url: str) -> list[str]:
    """Return the dashboards that are shown to whoever is logged in; a server that has just started may ask for time."""
    for _ in range(5):
        answer = page.request.get(url + "/api/v1/dashboard/?q=(page_size:100)")
        if answer.ok:
            return sorted(each["slug"] for each in answer.json()["result"])
        page.wait_for_timeout(3000)
    raise RuntimeError(f"the list of dashboards: {answer.status} {answer.text()[:500]}")


def _ask(page: Page, url: str, dataset: int) -> dict[str, Any]:
    """Ask a dataset directly how many rows it has, as a script of the person's own could."""
    query = {"metrics": ["count"], "columns": [], "filters": []}
    body = {"datasource": {"id": dataset, "type": "table"}, "queries": [query], "result_type": "full"}
    answer = page.request.post(url + "/api/v1/chart/data", data=body)
    rows = answer.json()["result"][0]["data"] if answer.ok else []
    return {"status": answer.status, "count": rows[0]["count"] if rows else None}


def _look(page: Page, wanted: dict[str, Any], board: dict[str, Any]) -> dict[str, Any]:
    """Open one dashboard, wait until every chart has been answered and drawn, and keep a picture."""
    charts: dict[str, dict[str, Any]] = {}
    troubles: list[str] = []

    def note(response: Response) -> None:
        if "/api/v1/chart/data" in response.url:
            _note_chart(response, charts)

    page.on("response", note)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    # charts below the fold are not drawn until they are seen: a window as tall as the page shows them all
    page.set_viewport_size({"width": WIDTH, "height": board["height"]})
    page.goto(f"{wanted['url']}/superset/dashboard/{board['slug']}/?{board.get('query', '')}")
    deadline = time.monotonic() + CHARTS_WITHIN_SECONDS
    while time.monotonic() < deadline:
        page.wait_for_timeout(500)
        if len(charts) >= board["charts"] and page.locator(".loading, [data-test=loading-indicator]").count() == 0:
            break
    page.wait_for_timeout(2500)  # what is drawn is animated
    page.remove_listener("response", note)
    if wanted.get("folder"):
        page.screenshot(path=str(Path(wanted["folder"]) / f"{board['picture']}.png"))
    errors = page.locator(".ant-alert-error, [data-test=error-container], .chart-container .ant-alert-warning")
    return {
        "charts": charts,
        "troubles": troubles,
        "errors": errors.all_inner_texts(),
        "numbers": page.locator(".superset-legacy-chart-big-number .header-line").all_inner_texts(),
        "empty": page.get_by_text("No results were returned for this query").count(),
        "title": page.title(),
    }


def _note_chart(response: Response, charts: dict[str, dict[str, Any]]) -> None:
    asked = json.loads(response.request.post_data or "{}")
    form = asked.get("form_data") or {}
    name = str(form.get("slice_id"))
    if name == "None":
        return  # the values of a filter
    try:
        results = response.json().get("result", [])
    except ValueError:
        results = []
    charts[name] = {
        "status": response.status,
        "errors": [each.get("error") for each in results if each.get("error")],
        "rows": results[0].get("rowcount") if results else None,
        "first": (results[0].get("data") or [None])[0] if results else None,
        "query": results[0].get("query") if results else None,
    }


def _note_outside(url: str, outside: list[str]) -> None:
    parts = urlsplit(url)
    if parts.scheme.startswith("http") and parts.hostname not in {"127.0.0.1", "localhost"}:
        outside.append(url)


if __name__ == "__main__":
    sys.exit(main())
