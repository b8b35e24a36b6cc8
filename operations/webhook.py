"""Posts an alert to a webhook, in the body that the messenger behind it takes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any, Literal

from operations.alert import Alert
from operations.channel import Channel, ChannelFailedError

WebhookKind = Literal["generic", "slack", "feishu", "dingtalk", "wecom"]

PATIENCE_SECONDS = 10
_MOST_BYTES = 1900  # 企业微信 takes 2,048 bytes of text
_OK_STATUS = range(200, 300)
# the messengers that answer 200 to what they refuse, and the field in which they say so
_VERDICTS = {"feishu": ("code", "StatusCode"), "dingtalk": ("errcode",), "wecom": ("errcode",)}


def webhook(url: str, kind: WebhookKind, company: str) -> Channel:
    """Return the channel of a webhook. The URL is a secret: it is in no error and in no name."""

    def tell(alert: Alert) -> None:
        body = body_of(alert, kind, company)
        status, answer = _post(url, body)
        if status not in _OK_STATUS:
            raise _failed(f"it answered {status}")
        for field in _VERDICTS.get(kind, ()):
            if (verdict := answer.get(field)) not in (None, 0):
                raise _failed(f"it answered {field} {str(verdict)[:40]}")

    mark = hashlib.sha256(url.encode()).hexdigest()[:8]
    return Channel(name=f"webhook-{mark}", tell=tell)


def body_of(alert: Alert, kind: WebhookKind, company: str) -> dict[str, Any]:
    """Return the JSON body: a text alone for the messengers, the text with its parts for anything else."""
    text = alert.text(company).encode()[:_MOST_BYTES].decode(errors="ignore")
    makers: dict[str, Callable[[], dict[str, Any]]] = {
        "slack": lambda: {"text": text},
        "feishu": lambda: {"msg_type": "text", "content": {"text": text}},
        "dingtalk": lambda: {"msgtype": "text", "text": {"content": text}},
        "wecom": lambda: {"msgtype": "text", "text": {"content": text}},
        "generic": lambda: {
            "text": text,
            "company": company,
            "key": alert.key,
            "kind": alert.kind,
            "title_en": alert.title_en,
            "title_zh": alert.title_zh,
            "seen": alert.seen,
            "next_en": alert.next_en,
            "next_zh": alert.next_zh,
            "runbook": alert.runbook,
            "noted_at": alert.noted_at.isoformat(),
        },
    }
    return makers[kind]()


def _post(url: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    import requests

    try:
        answer = requests.post(
            url,
            data=json.dumps(body, ensure_ascii=False).encode(),
            headers={"content-type": "application/json; charset=utf-8"},
            timeout=PATIENCE_SECONDS,
            allow_redirects=False,  # another address was not meant, and may hear the secret
        )
    except requests.exceptions.ReadTimeout:
        error = _failed("no answer in time")
        error.is_doubtful = True
        raise error from None
    except requests.RequestException as error:  # its own text repeats the address
        raise _failed(f"the request failed ({type(error).__name__})") from None
    try:
        told = answer.json()
    except ValueError:
        told = {}
    return answer.status_code, told if isinstance(told, dict) else {}


def _failed(seen: str) -> ChannelFailedError:
    return ChannelFailedError(
        "the webhook of GUANXI_ALERT_WEBHOOK",
        seen=seen,
        expected="an answer that says it was taken",
        next_step="check GUANXI_ALERT_WEBHOOK and GUANXI_ALERT_WEBHOOK_KIND, and the messenger's own rules for its"
        " texts; guanxi alerts check tells it again",
    )
