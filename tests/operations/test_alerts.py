"""What operators are told: each thing once, by a real mail server and a real webhook, whatever is dead."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from operations.alert import make_alert
from operations.due_alerts import QUIET, due_day, find_due
from operations.runbook_page import anchors_of, runbook_file
from operations.webhook import body_of
from tests.conftest import ROLE_SECRET
from tests.delivery.conftest import FaultyServer
from tests.operations.conftest import BEGAN, DAY, MORNING, Hook, Ledger
from tests.stack.running_stack import wait_for
from warehouse.commands.alerts import UntoldError, look, look_in, tell_outcome
from warehouse.commands.work import Teller
from warehouse.company import Company
from warehouse.database import Warehouse
from warehouse.embedded import free_port
from warehouse.house import House
from warehouse.plain_yaml import read_yaml
from warehouse.settings import ROOT, Settings

DEADLINE = time(7)
ENDED = f"night-{DAY}"
ANN, BOB = "ann@ops.example", "bob@ops.example"


def _house_with(house: House, **settings: object) -> House:
    changed = Settings(**{"home": house.settings.home, **settings})  # type: ignore[arg-type]
    return House(changed, house.company, house.warehouse, house.server_url)


def _look(
    house: House, post: FaultyServer | None = None, *, now: datetime = MORNING, ended: str | None = None
) -> object:
    url = None if post is None else SecretStr(post.url)
    return look_in(house, now=now, ended=ended, smtp_url=url)


def test_each_alert_is_told_once_to_everybody_however_often_somebody_looks(
    ledger: Ledger, house: House, post: FaultyServer, hook: Hook
) -> None:
    ledger.night()
    ledger.mail("am1", "held", error="drift: 31 % of bands moved")
    house = _house_with(house, operators=f"{ANN},{BOB}", alert_webhook=SecretStr(hook.url))
    looks = [_look(house, post, now=MORNING.replace(day=1) + timedelta(minutes=5 * number)) for number in range(3)]
    assert [len(told.new) for told in looks] == [1, 0, 0]  # type: ignore[attr-defined]
    assert {address: len(mails) for address, mails in post.kept.items()} == {ANN: 1, BOB: 1}
    assert len(hook.kept) == 1
    mail = post.kept[ANN][0]
    assert "Mails of 2026-03-31 are held: 1" in str(mail["Subject"])
    body = mail.get_content()
    for words in (
        "31 % of bands moved",
        "guanxi mails release --generation 1",
        "封邮件",
        "docs/runbooks/nightly.md#held-lists",
    ):
        assert words in body, words
    assert hook.kept[0]["key"] == "held:1:churn_list"


def test_a_channel_that_failed_is_tried_again_and_the_others_are_not_told_twice(
    ledger: Ledger, house: House, post: FaultyServer, hook: Hook
) -> None:
    ledger.night()
    ledger.mail("am1", "held", error="source crm is as of 2026-03-27")
    house = _house_with(house, operators=f"{ANN},{BOB}", alert_webhook=SecretStr(hook.url))
    hook.status = 503
    post.policy = lambda address, number: "451" if address == BOB and number == 0 else "ok"
    first = _look(house, post)
    assert first.count == 1  # type: ignore[attr-defined]
    with pytest.raises(UntoldError, match="it answered 503") as caught:
        tell_outcome(first, house.settings, Teller())  # type: ignore[arg-type]
    assert "s3cr3t" not in str(caught.value)
    assert str(ROOT) not in str(caught.value)
    hook.status = 200
    second = _look(house, post, now=MORNING + timedelta(minutes=5))
    third = _look(house, post, now=MORNING + timedelta(minutes=10))
    assert (second.count, third.count) == (2, 0)  # type: ignore[attr-defined]
    assert {address: len(mails) for address, mails in post.kept.items()} == {ANN: 1, BOB: 1}
    assert len(hook.kept) == 1
    rows = ledger.connection.execute("select tries, told_at is not null, last_problem from ops.alerts").fetchall()
    assert rows == [(5, True, None)]


def test_a_mail_whose_answer_is_lost_is_sent_once_more_and_no_third_time(
    ledger: Ledger, house: House, post: FaultyServer
) -> None:
    ledger.night()
    ledger.mail("am1", "held", error="drift: 31 % of bands moved")
    house = _house_with(house, operators=ANN)
    post.policy = lambda _address, _number: "drop after"
    for minutes in range(4):
        _look(house, post, now=MORNING + timedelta(minutes=minutes))
    assert len(post.kept[ANN]) == 2
    assert len({str(mail["Message-ID"]) for mail in post.kept[ANN]}) == 1


def test_what_nobody_could_be_told_of_is_not_told_days_later(ledger: Ledger, house: House, post: FaultyServer) -> None:
    ledger.night()
    ledger.mail("am1", "held", error="drift: 31 % of bands moved")
    with pytest.raises(UntoldError, match="GUANXI_OPERATORS"):
        tell_outcome(_look(house), house.settings, Teller())  # type: ignore[arg-type]
    later = _house_with(house, operators=ANN)
    _look(later, post, now=MORNING + timedelta(hours=37))
    assert [str(mail["Subject"]) for mail in post.kept[ANN] if "held" in str(mail["Subject"])] == []


def test_operators_without_a_mail_server_do_not_keep_the_webhook_from_telling(
    ledger: Ledger, house: House, hook: Hook
) -> None:
    ledger.night(state="rejected", note="check raw of tiny")
    house = _house_with(house, operators=ANN, alert_webhook=SecretStr(hook.url))
    told = _look(house)
    assert len(hook.kept) == 1
    assert "GUANXI_SMTP_URL is not set" in " ".join(told.problems)  # type: ignore[attr-defined]


def test_nothing_is_told_of_a_night_that_is_well(ledger: Ledger, house: House, post: FaultyServer) -> None:
    ledger.night()
    ledger.stage("deliver")
    ledger.load("orders", source="erp")
    ledger.mail("am1", "sent")
    told = _look(_house_with(house, operators=ANN), post, ended=ENDED)
    assert (told.new, told.is_well, dict(post.kept)) == ((), True, {})  # type: ignore[attr-defined]


def _rejected(ledger: Ledger) -> None:
    ledger.night(state="rejected", note="check raw of tiny")
    ledger.stage("check_raw", state="failed", note="the gate raw\n  seen:     1 of 48 promises broken")


def _failed_long_ago(ledger: Ledger) -> None:
    ledger.night(state="building")
    ledger.stage("score", state="failed", note="the model m1\n  seen:     its file is gone", ended=MORNING - QUIET)


def _stale(ledger: Ledger) -> None:
    ledger.source("crm")
    ledger.night(day=DAY - timedelta(days=2))
    ledger.load("accounts", source="crm", day=DAY - timedelta(days=2))
    ledger.night()
    ledger.load("orders", source="erp")
    ledger.load("accounts", source="crm", state="carried")


def _drifting(ledger: Ledger) -> None:
    ledger.night()
    ledger.load("orders", source="erp")
    ledger.drift("accounts", value=0.5, limit=0.2)
    ledger.drift("tenure_days", value=0.5, limit=0.2)
    ledger.drift("churn_probability", value=0.09, limit=0.02)


def _in_doubt(ledger: Ledger) -> None:
    ledger.night()
    ledger.load("orders", source="erp")
    ledger.mail("am1", "unknown", unknown=2, updated=MORNING)
    ledger.mail("am2", "unknown", unknown=1, updated=MORNING)
    ledger.mail("am3", "failed", updated=MORNING)
    ledger.mail("am4", "sending", updated=MORNING - timedelta(hours=1))
    ledger.mail("am5", "sending", updated=MORNING)


def _waiting_in_vain(ledger: Ledger) -> None:
    ledger.night()
    ledger.load("orders", source="erp")
    ledger.stage("deliver", state="failed", ended=MORNING - QUIET)
    ledger.mail("am1", "pending")


@pytest.mark.parametrize(
    ("make", "keys", "words"),
    [
        (_rejected, [f"failed:{ENDED}:1"], "the gate raw: 1 of 48 promises broken"),
        (_failed_long_ago, [f"failed:{ENDED}:1"], "the model m1: its file is gone"),
        (_stale, [f"stale:crm:{DAY - timedelta(days=2)}"], "it holds the mails"),
        (_drifting, ["drift:m1:psi:accounts:2026-03"], "accounts is 0.5"),
        (_in_doubt, ["doubt:1:failed", "doubt:1:sending", "doubt:1:unknown"], "1 in the state failed"),
        (_waiting_in_vain, ["doubt:1:pending"], "1 in the state pending"),
    ],
)
def test_each_kind_is_found(
    ledger: Ledger, publisher: psycopg.Connection, test_company: Company,
    make: Callable[[Ledger], None], keys: list[str], words: str,
) -> None:  # fmt: skip
    make(ledger)
    found = find_due(publisher, test_company, now=MORNING, deadline=DEADLINE)
    assert [alert.key for alert in found if alert.kind != "stale" or make is _stale] == keys
    assert words in found[0].seen


def test_a_stage_that_may_be_tried_again_is_no_failed_night_until_the_run_is_over(
    ledger: Ledger, publisher: psycopg.Connection, test_company: Company
) -> None:
    ledger.night(state="building")
    ledger.stage("transform", state="failed", note="a lost connection", ended=MORNING - timedelta(minutes=2))

    def kinds(ended: str | None) -> list[str]:
        return [each.kind for each in find_due(publisher, test_company, now=MORNING, deadline=DEADLINE, ended=ended)]

    assert "failed" not in kinds(None)
    assert "failed" in kinds(ENDED)


def test_a_night_that_could_not_even_be_opened_is_told_by_its_name(
    publisher: psycopg.Connection, test_company: Company, ledger: Ledger
) -> None:
    (first,) = find_due(publisher, test_company, now=MORNING, deadline=DEADLINE, ended="scheduled__1")
    assert (first.kind, first.key) == ("failed", "failed:scheduled__1:never-opened")
    assert find_due(publisher, test_company, now=MORNING, deadline=DEADLINE) == [], "before the first night all is well"
    ledger.night()
    ledger.load("orders", source="erp")
    keys = [each.key for each in find_due(publisher, test_company, now=MORNING, deadline=DEADLINE, ended=ENDED)]
    assert keys == []


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2026-04-01T06:59:59+02:00", date(2026, 3, 30)),
        ("2026-04-01T07:00:00+02:00", date(2026, 3, 31)),
        ("2026-03-31T22:30:00+00:00", date(2026, 3, 30)),
        ("2026-12-31T23:59:00+01:00", date(2026, 12, 30)),
    ],
)
def test_a_day_is_due_when_the_deadline_of_the_next_morning_has_passed_there(now: str, day: date) -> None:
    assert due_day(datetime.fromisoformat(now), "Europe/Berlin", DEADLINE) == day


def test_a_late_night_is_told_once_a_day_from_the_deadline_on_until_it_is_published(
    ledger: Ledger, house: House, post: FaultyServer
) -> None:
    ledger.night()
    ledger.load("orders", source="erp")
    house = _house_with(house, operators=ANN)
    seen = []
    for hour in range(0, 60, 4):
        told = _look(house, post, now=datetime(2026, 4, 1, 23, tzinfo=BEGAN.tzinfo) + timedelta(hours=hour))
        seen += [alert.key for alert in told.new]  # type: ignore[attr-defined]
    assert seen == ["late:2026-04-01", "late:2026-04-02", "late:2026-04-03"]
    assert len(post.kept[ANN]) == 3
    ledger.night(day=date(2026, 4, 4))
    ledger.load("orders", source="erp", day=date(2026, 4, 4))
    assert _look(house, post, now=datetime(2026, 4, 5, 12, tzinfo=BEGAN.tzinfo)).new == ()  # type: ignore[attr-defined]


def test_a_late_night_is_told_by_a_process_of_its_own_that_knows_no_airflow(
    ledger: Ledger, house: House, post: FaultyServer, tmp_path: Path
) -> None:
    """What a timer of the system starts; the clock is the real one, and the newest night lies long ago."""
    ledger.night()
    ledger.load("orders", source="erp")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "GUANXI_"))} | {
        "GUANXI_HOME": str(tmp_path / "home"),
        "GUANXI_COMPANY": str(ROOT / "tests" / "data" / "tiny"),
        "GUANXI_WAREHOUSE_URL": house.warehouse.admin_url,
        "GUANXI_ROLE_SECRET": ROLE_SECRET,
        "GUANXI_SMTP_URL": post.url,
        "GUANXI_OPERATORS": ANN,
    }
    program = "import sys; sys.modules['airflow'] = None; from warehouse.cli import main; main()"
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", program, "alerts", "check"],
            cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert ["is late" in str(mail["Subject"]) for mail in post.kept[ANN]] == [True]
    listed = subprocess.run(
        [sys.executable, "-c", program, "alerts", "list"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert "late" in listed.stdout
    watching = subprocess.Popen(
        [sys.executable, "-c", program, "alerts", "watch", "--every", "1"],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        wait_for((tmp_path / "home" / "alerts.seen").exists, seconds=60, what="a look of the watch")
        assert watching.poll() is None, "it goes on"
    finally:
        watching.terminate()
        said, _ = watching.communicate(timeout=30)
    assert said.startswith("alerts: 0 new, 0 told")
    assert len(post.kept[ANN]) == 1


def test_a_warehouse_that_is_down_is_told_once_and_again_when_it_is_down_another_time(
    ledger: Ledger, house: House, post: FaultyServer
) -> None:
    up = _house_with(house, operators=ANN)
    down = Settings(
        home=house.settings.home,
        company=str(ROOT / "tests" / "data" / "tiny"),
        warehouse_url=SecretStr(f"postgresql://admin:s3cr3t@127.0.0.1:{free_port()}/guanxi"),
        smtp_url=SecretStr(post.url),
        operators=ANN,
    )
    for _ in range(3):
        look(down, ended=None, company=None, teller=Teller())
    assert len(post.kept[ANN]) == 1
    mail = post.kept[ANN][0]
    assert "The warehouse does not answer" in str(mail["Subject"])
    assert "nothing listens there" in mail.get_content()
    assert "s3cr3t" not in mail.as_string()
    ledger.night()
    ledger.load("orders", source="erp")
    assert _look(up, post).new == ()  # type: ignore[attr-defined]
    look(down, ended=None, company=None, teller=Teller())
    assert len(post.kept[ANN]) == 2


def test_a_mail_that_failed_while_the_warehouse_is_down_is_told_by_the_next_look(
    house: House, post: FaultyServer
) -> None:
    down = Settings(
        home=house.settings.home,
        company=str(ROOT / "tests" / "data" / "tiny"),
        warehouse_url=SecretStr(f"postgresql://admin:s3cr3t@127.0.0.1:{free_port()}/guanxi"),
        smtp_url=SecretStr(post.url),
        operators=ANN,
    )
    post.policy = lambda _address, number: "451" if number == 0 else "ok"
    with pytest.raises(UntoldError):
        look(down, ended=None, company=None, teller=Teller())
    look(down, ended=None, company=None, teller=Teller())
    look(down, ended=None, company=None, teller=Teller())
    assert len(post.kept[ANN]) == 1


def test_a_warehouse_that_does_not_answer_in_time_is_not_waited_for(
    ledger: Ledger, house: House, warehouse: Warehouse
) -> None:
    ledger.night(state="rejected", note="check raw of tiny")
    with warehouse.connect_admin() as other:
        other.execute("lock table ops.runs in access exclusive mode")
        with pytest.raises(TimeoutError, match="no answer within"):
            look_in(house, now=MORNING, ended=None, smtp_url=None, patience_seconds=0.5)
    assert len(_look(house).new) == 1, "and the next look finds nothing of it in its way"  # type: ignore[attr-defined]


def test_what_somebody_was_told_of_does_not_wait_when_nobody_is_named_any_more(
    ledger: Ledger, house: House, post: FaultyServer
) -> None:
    ledger.night(state="rejected", note="check raw of tiny")
    assert not _look(house).is_well  # type: ignore[attr-defined]
    assert _look(_house_with(house, operators=ANN), post).is_well  # type: ignore[attr-defined]
    assert _look(house).is_well  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("generic", ("text",)),
        ("slack", ("text",)),
        ("feishu", ("content", "text")),
        ("dingtalk", ("text", "content")),
        ("wecom", ("text", "content")),
    ],
)
def test_each_messenger_gets_the_body_it_takes_and_its_own_refusal_counts(
    ledger: Ledger, house: House, hook: Hook, kind: str, path: tuple[str, ...]
) -> None:
    ledger.night(state="rejected", note="check raw of tiny")
    house = _house_with(house, alert_webhook=SecretStr(hook.url), alert_webhook_kind=kind)
    refusal = {"feishu": {"code": 19024}, "dingtalk": {"errcode": 310000}, "wecom": {"errcode": 93000}}.get(kind)
    if refusal:
        hook.answer = refusal
        assert not _look(house).is_well  # type: ignore[attr-defined]
    hook.answer, hook.kept[:] = {"code": 0, "errcode": 0}, []
    assert _look(house).is_well  # type: ignore[attr-defined]
    (body,) = hook.kept
    expected = {"feishu": {"msg_type": "text"}, "dingtalk": {"msgtype": "text"}, "wecom": {"msgtype": "text"}}
    assert expected.get(kind, {}).items() <= body.items()
    for name in path:
        body = body[name]
    assert str(body).startswith("Guanxi 关系 · Tiny Trading\n")


def test_a_long_alert_fits_into_the_smallest_messenger() -> None:
    alert = make_alert("k", "stale", now=MORNING, seen="很" * 5000, source="crm")
    text = body_of(alert, "wecom", "Tiny Trading")["text"]["content"]
    assert len(text.encode()) < 2048
    assert json.dumps(text)


def test_every_alert_leads_to_a_heading_of_a_runbook() -> None:
    said = read_yaml(ROOT / "operations" / "sentences" / "alerts.yml")
    assert len(said) == 8
    for name, sentence in said.items():
        file, anchor = sentence["runbook"].split("#")
        assert anchor in anchors_of(runbook_file(file.removesuffix(".md")).read_text(encoding="utf-8")), name
