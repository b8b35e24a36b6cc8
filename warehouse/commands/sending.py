"""What the commands that mail share: where mails are handed in, and one round of sending."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import SecretStr

from warehouse.errors import Problem
from warehouse.settings import Settings, load_settings

if TYPE_CHECKING:
    from delivery.published import Published
    from warehouse.commands.work import Teller
    from warehouse.house import House


def required_smtp_url(settings: Settings | None = None) -> SecretStr:
    """Return where mails are handed in, or raise a Problem when the settings do not say."""
    url = (settings or load_settings()).smtp_url
    if url is None:
        raise Problem(
            "delivery",
            seen="GUANXI_SMTP_URL is not set",
            expected="the mail server that takes the lists",
            next_step="set it; to keep mails as files: guanxi mailbox, and GUANXI_SMTP_URL=smtp://127.0.0.1:8025",
        )
    return url


def send_mails(lists: Published, house: House, teller: Teller) -> None:
    """Send the mails of a kind that wait, and tell what became of them. Raises the problems of delivery.deliver."""
    from delivery.deliver import deliver
    from delivery.smtp import Courier, parse_smtp_url

    url = required_smtp_url(house.settings).get_secret_value()
    with Courier(parse_smtp_url(url), command=lists.mailing.command) as post:
        report = deliver(
            lists,
            post=post,
            mail_from=house.settings.mail_from,
            now=datetime.now(tz=UTC),
            sleep=time.sleep,
            progress=teller.progress,
        )
    for line in report.lines():
        teller.say(line)
