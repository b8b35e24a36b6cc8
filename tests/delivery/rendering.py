"""A letter rendered as the tests look at it, and words that a mail program or a spreadsheet might run."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage
from html.parser import HTMLParser
from io import BytesIO
from typing import Any

import openpyxl
from hypothesis import strategies as st

from delivery.letter import Letter
from delivery.render import render_mail

MESSAGE_ID = "<churn-list.12.0@guanxi.invalid>"
SENT_ON = datetime(2026, 4, 1, 3, 30, tzinfo=UTC)

PAYLOADS = [
    "=cmd|'/c calc'!A1", "+1+1", "-1+1", "@SUM(1+1)", "\t=1+1", "\r=1+1", "\n=1+1", "＝1+1", "＋1", "－1", "＠SUM(1)",
    '=HYPERLINK("http://evil.test","click")', "http://evil.test/", "mailto:evil@y.test", "{=1+1}", "'=1+1",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", '"><b onmouseover=alert(1)>', "{{ 7 * 7 }}",
    "{% raw %}", "&lt;b&gt;", "<r><t>rich</t></r>", "<r>&</r>", "]]>", "_x0041_", "a\r\nBcc: evil@y.test",
    "a\nSubject: other", "a\x0bb", "a\x85b", "a\u2028b", "Ann <evil@y.test>, Bob", '"Ann" <evil@y.test>', "a,b;c:d",
    "=?utf-8?q?evil?=", "\u202eevil", "x\x00y", "../../etc/passwd", "💣", "ﷺ" * 50, "{value}", "%s %(x)s",
]  # fmt: skip
HOSTILE = st.one_of(st.sampled_from(PAYLOADS), st.text(max_size=60).map(lambda text: f"{text}a"))


def render(letter: Letter, **changes: Any) -> EmailMessage:
    arguments: dict[str, Any] = {
        "sender": "lists@example.test",
        "recipient": "ann@example.test",
        "message_id": MESSAGE_ID,
        "sent_on": SENT_ON,
    }
    return render_mail(letter, **(arguments | changes))


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def workbook(message: EmailMessage) -> Any:
    (attachment,) = message.iter_attachments()
    return openpyxl.load_workbook(BytesIO(attachment.get_content()))


class Tags(HTMLParser):
    """The tags and attribute names of a page, and the text between them."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def assert_nothing_runs(raw: bytes, plain: EmailMessage) -> None:
    """Hold a mail with hostile words, as it would arrive, against the same mail with plain ones."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    # headers: the same ones, one sender, one recipient, one line each
    assert message.keys() == plain.keys()
    assert [each.addr_spec for each in message["To"].addresses] == ["ann@example.test"]
    assert [each.addr_spec for each in message["From"].addresses] == ["lists@example.test"]
    assert str(message["Subject"]) == str(plain["Subject"])
    assert not message.defects

    # HTML: the same tags with the same attributes, whatever the words are
    assert isinstance(message, EmailMessage)
    assert Tags(part(message, "html")).found == Tags(part(plain, "html")).found

    # the sheet: text is text
    for sheet in workbook(message).worksheets:
        for line in sheet.iter_rows():
            for cell in line:
                assert cell.data_type != "f"
                assert cell.hyperlink is None
                if isinstance(cell.value, str) and cell.value[:1] in tuple("=+-@＝＋－＠"):
                    assert cell.quotePrefix, "a person's edit would run it"
