from __future__ import annotations

import email
import email.policy
import queue
import smtplib
import socket
import subprocess
import sys
import threading
from email.message import EmailMessage
from pathlib import Path

import pytest

from delivery.mailbox import Mailbox, MailboxNotStartedError, keep_mail, kept_mails, local_mailbox, run_mailbox
from delivery.smtp import Courier, Fate, parse_smtp_url


def a_mail(text: str = "hello", recipient: str = "ann@example.test") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "lists@example.test", recipient, "A list"
    message.set_content(text)
    return message


def test_a_mail_handed_in_is_kept_whole(tmp_path: Path) -> None:
    with local_mailbox(tmp_path / "mail") as mailbox, Courier(parse_smtp_url(mailbox.url)) as courier:
        courier.ready()
        assert courier.send(a_mail("Zeile mit Ümlaut\n.\nende")).fate is Fate.ACCEPTED
    (path,) = kept_mails(tmp_path / "mail")
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert message["X-Envelope-To"] == "ann@example.test"
    assert isinstance(message, EmailMessage)
    assert message.get_content() == "Zeile mit Ümlaut\r\n.\r\nende\r\n"
    assert path.name.startswith("ann_example.test_")


def test_the_same_mail_twice_is_two_files(tmp_path: Path) -> None:
    for _ in range(3):
        keep_mail(tmp_path, sender="a@x", recipients=["b@x"], content=b"Subject: x\r\n\r\nx")
    assert len(kept_mails(tmp_path)) == 3


def test_mails_kept_at_once_do_not_overwrite_one_another(tmp_path: Path) -> None:
    def keep() -> None:
        for _ in range(20):
            keep_mail(tmp_path, sender="a@x", recipients=["b@x"], content=b"Subject: x\r\n\r\nx")

    threads = [threading.Thread(target=keep) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kept_mails(tmp_path)) == 80
    assert [path for path in tmp_path.iterdir() if path.suffix != ".eml"] == []


@pytest.mark.parametrize("recipient", ["../../evil@x", "a/b@x", "", ".hidden@x", "x" * 500, "a\r\nX-Other: 1@x"])
def test_no_recipient_leads_a_mail_out_of_the_folder(tmp_path: Path, recipient: str) -> None:
    path = keep_mail(tmp_path / "mail", sender="a@x", recipients=[recipient], content=b"Subject: x\r\n\r\nx")
    assert path.parent == tmp_path / "mail"
    assert path in kept_mails(tmp_path / "mail")
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert message["X-Other"] is None


def test_a_mail_that_cannot_be_kept_is_refused_for_now(tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    with local_mailbox(folder) as mailbox, Courier(parse_smtp_url(mailbox.url)) as courier:
        folder.rmdir()
        folder.write_text("in the way")
        courier.ready()
        assert courier.send(a_mail()).fate is Fate.REFUSED_FOR_NOW


def test_the_mailbox_serves_until_it_is_stopped(tmp_path: Path) -> None:
    ready: queue.Queue[Mailbox] = queue.Queue()
    stop = threading.Event()
    thread = threading.Thread(target=run_mailbox, args=("127.0.0.1", 0, tmp_path, ready.put), kwargs={"stop": stop})
    thread.start()
    port = parse_smtp_url(ready.get(timeout=30).url).port
    with smtplib.SMTP("127.0.0.1", port) as session:
        session.send_message(a_mail())
    stop.set()
    thread.join(30)
    assert not thread.is_alive()
    assert len(kept_mails(tmp_path)) == 1
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_a_taken_port_is_told_with_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
        with pytest.raises(MailboxNotStartedError, match="name another port"):
            run_mailbox("127.0.0.1", port, tmp_path, ready=lambda _: None, stop=threading.Event())


def test_a_mailbox_of_its_own_process_ends_when_it_is_told_to(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from delivery.mailbox import run_mailbox\n"
        "run_mailbox('127.0.0.1', 0, Path(sys.argv[1]), lambda mailbox: print(mailbox.url, flush=True))"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline().startswith("smtp://127.0.0.1:")
        child.terminate()
        assert child.wait(30) == 0
