"""An alert as a mail to one operator."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from operations.alert import Alert
from operations.channel import Channel

_DOMAIN = "guanxi.invalid"


def mail_channel(recipient: str, *, sender: str, company: str, send: Callable[[EmailMessage], None]) -> Channel:
    """Return the channel of one operator; `send` hands a mail in and raises ChannelFailedError."""
    mark = hashlib.sha256(recipient.encode()).hexdigest()[:8]
    return Channel(
        name=f"mail-{mark}",
        tell=lambda alert: send(letter(alert, recipient=recipient, sender=sender, company=company)),
    )


def letter(alert: Alert, *, recipient: str, sender: str, company: str) -> EmailMessage:
    """Return the mail. Told again it is the same mail with the same Message-ID."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = f"[Guanxi 关系] {company}: {alert.title_en} · {alert.title_zh}"
    message["Date"] = format_datetime(alert.noted_at)
    mark = hashlib.sha256(f"{company}|{alert.key}|{recipient}".encode()).hexdigest()[:24]
    message["Message-ID"] = f"<alert.{mark}@{_DOMAIN}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(alert.text(company) + "\n")
    return message
