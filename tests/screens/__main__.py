"""Makes every picture of docs/images anew, from two nights of a small simulated company: `make screenshots`.

Needs Debian's chromium and fonts-noto-cjk. Takes some minutes: the local stack runs two nights through Airflow, then
Superset is started and every dashboard is opened.
"""

from __future__ import annotations

import email
import email.policy
import json
import os
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from bi.superset_home import ENVIRONMENT
from tests.bi.conftest import browser
from tests.conftest import ROOT, reachable_folder
from tests.stack.running_stack import RunningStack, stack_environment
from warehouse.airflow_home import AirflowHome
from warehouse.company import load_company

IMAGES = ROOT / "docs" / "images"
COMPANY = ROOT / "examples" / "simulated"
NIGHTS = ("2026-06-30", "2026-07-22")  # three weeks apart, so that lists have every part
DESKTOP, PHONE = 760, 375


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with reachable_folder("guanxi-screens-") as home:
        environment = stack_environment(home, COMPANY, GUANXI_ACCOUNTS="200")
        stack = RunningStack.start(environment, home / "up.log")
        try:
            for night in NIGHTS:
                _say(f"the night of {night}")
                ended = stack.wait_for_end(stack.trigger(as_of=night, run_id=f"night-{night}"))
                if ended != "success":
                    raise SystemExit(f"the night of {night}: {ended}; read {stack.log}")
            _shoot([*_mails(home), _report(home), _grid(stack)])
        finally:
            stack.stop()
        _dashboards(home)
    for picture in sorted(IMAGES.glob("*.png")):
        _say(f"{picture.relative_to(ROOT)}: {picture.stat().st_size // 1024} kB")


def _folder(home: Path) -> Path:
    return home / "company" / load_company(str(COMPANY)).id


def _mails(home: Path) -> list[dict[str, Any]]:
    """The list of the last night with the most parts in each language, as wide as a desktop's window and as a phone."""
    kept = {"en": "", "zh": ""}
    for file in sorted((_folder(home) / "mail").rglob("*.eml")):
        message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        body = message.get_body(("html",)) if isinstance(message, EmailMessage) else None
        text = body.get_content() if body is not None else ""
        language = str(message["Content-Language"])
        if NIGHTS[-1] in str(message["Subject"]) and "GX-" in text and _parts(text) > _parts(kept.get(language, text)):
            kept[language] = text
    pictures = []
    for language, text in kept.items():
        page = home / f"mail-{language}.html"
        page.write_text(text, encoding="utf-8")
        for name, width in (("desktop", DESKTOP), ("phone", PHONE)):
            pictures.append(
                {"url": page.as_uri(), "width": width, "height": 1500, "file": f"mail-{language}-{name}.png"}
            )
    return pictures


def _parts(text: str) -> tuple[int, int]:
    """How many parts a list has, by their white titles, and how long it is."""
    return text.count("color:#ffffff"), len(text)


def _report(home: Path) -> dict[str, Any]:
    page = _folder(home) / "runs" / f"night-{NIGHTS[-1]}" / "report.html"
    return {"url": page.as_uri(), "width": 1160, "height": 1400, "file": "night-report.png"}


def _grid(stack: RunningStack) -> dict[str, Any]:
    user, password = AirflowHome(stack.home / "airflow").login()
    address = f"http://127.0.0.1:{stack.settings.api_port}"
    login = {"url": f"{address}/auth/login", "user": user, "password": password}
    return {
        "url": f"{address}/dags/nightly", "login": login, "width": 1440, "height": 730, "file": "airflow-grid.png",
    }  # fmt: skip


def _shoot(pictures: list[dict[str, Any]]) -> None:
    wanted = {
        "browser": browser(),
        "pictures": [each | {"file": str(IMAGES / each["file"])} for each in pictures],
    }
    program = [str(ENVIRONMENT / "bin" / "python"), str(Path(__file__).with_name("shoot.py"))]
    subprocess.run(program, input=json.dumps(wanted), text=True, check=True, timeout=600)


def _dashboards(home: Path) -> None:
    """Let the tests of the dashboards open them over the same nights, and keep what they saw."""
    _say("the dashboards")
    pytest = [sys.executable, "-m", "pytest", "-n", "0", "-m", "bi", "tests/bi"]
    places = {"BI_TEST_HOME": str(home), "BI_PICTURES": str(IMAGES)}
    subprocess.run(pytest, cwd=ROOT, env=os.environ | places, check=True)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
