"""Takes pictures of pages with a real browser; run by the Python of Superset's environment, which has the driver.

Reads what to take as JSON from stdin: the browser's program, and of each picture its address, width, height and file,
and, where somebody has to log in first, the address, the user and the password.
"""

import json
import sys
from typing import Any

from playwright.sync_api import Browser, sync_playwright


def main() -> int:
    wanted = json.load(sys.stdin)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=wanted["browser"], args=["--no-sandbox", "--disable-gpu", "--force-color-profile=srgb"]
        )
        for picture in wanted["pictures"]:
            _take(browser, picture)
        browser.close()
    return 0


def _take(browser: Browser, picture: dict[str, Any]) -> None:
    page = browser.new_page(viewport={"width": picture["width"], "height": picture["height"]})
    if login := picture.get("login"):
        page.goto(login["url"])
        page.locator("input[name=username]").fill(login["user"])
        page.locator("input[name=password]").fill(login["password"])
        page.locator("button[type=submit], input[type=submit]").first.click()
        page.wait_for_load_state("networkidle")
    page.goto(picture["url"])
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(2500 if picture.get("login") else 300)
    page.screenshot(path=picture["file"])
    page.close()


if __name__ == "__main__":
    sys.exit(main())
