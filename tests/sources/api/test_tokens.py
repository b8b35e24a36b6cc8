"""Many processes, one token: asked for once, by the file, and never readable by others."""

from __future__ import annotations

import json
import multiprocessing
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from sources.api.tokens import SharedToken, Token, TokenUse, fingerprint, token_of_answer
from sources.credentials import shown

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
CANARY = "canary-token-7f3a"


class Issuer:
    """A system that gives a new token each time, and says how often it was asked."""

    def __init__(self, *, seconds: float = 3600, answered_at: datetime | None = NOON, delay: float = 0) -> None:
        self.seconds, self.answered_at, self.delay = seconds, answered_at, delay
        self.count = 0

    def __call__(self) -> Token:
        self.count += 1
        time.sleep(self.delay)
        value = f"{CANARY}-{self.count}"
        return token_of_answer(value, answered_at=self.answered_at, seconds=self.seconds, beside={"place": "here"})


def shared(folder: Path, issuer: Issuer, *, credentials: str = "ours") -> SharedToken:
    return SharedToken(folder, "crm", fingerprint(credentials), issuer)


def test_a_second_reader_takes_the_token_of_the_first(tmp_path: Path) -> None:
    issuer = Issuer()
    first = shared(tmp_path, issuer).current()
    second = shared(tmp_path, issuer).current()
    assert shown(first.secret) == shown(second.secret) == f"{CANARY}-1"
    assert second.beside == {"place": "here"}
    assert second.expires_at == NOON + timedelta(hours=1)
    assert issuer.count == 1


def test_the_file_is_ours_alone(tmp_path: Path) -> None:
    folder = tmp_path / "tokens"
    shared(folder, Issuer()).current()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
        "crm.json": 0o600,
        "crm.lock": 0o600,
    }


def test_a_refused_token_is_renewed_once_for_all(tmp_path: Path) -> None:
    issuer = Issuer()
    ours, theirs = shared(tmp_path, issuer), shared(tmp_path, issuer)
    refused = ours.current()
    assert theirs.current() == refused
    assert shown(ours.renew(refused).secret) == f"{CANARY}-2"
    assert shown(theirs.renew(refused).secret) == f"{CANARY}-2"
    assert issuer.count == 2


def test_a_late_refusal_of_an_old_token_spares_the_new_one(tmp_path: Path) -> None:
    issuer = Issuer()
    token = shared(tmp_path, issuer)
    early, late = TokenUse(token), TokenUse(token)
    early.take()
    late.take()
    early.renew()
    late.renew()
    assert shown(late.take().secret) == f"{CANARY}-2"
    assert issuer.count == 2


@pytest.mark.parametrize(("minutes", "asked"), [(58, 1), (59, 2), (61, 2)])
def test_a_token_ends_by_the_systems_clock_a_minute_early(tmp_path: Path, minutes: int, asked: int) -> None:
    issuer = Issuer()
    token = shared(tmp_path, issuer)
    token.current()
    token.notice(NOON + timedelta(minutes=minutes))
    token.current()
    assert issuer.count == asked


def test_the_clock_goes_on_between_two_answers(tmp_path: Path) -> None:
    issuer, seconds = Issuer(), [0.0]
    token = SharedToken(tmp_path, "crm", "ours", issuer, monotonic=lambda: seconds[0])
    token.notice(NOON)
    token.current()
    seconds[0] = 3539
    token.current()
    assert issuer.count == 1
    seconds[0] = 3541
    token.current()
    assert issuer.count == 2


def test_a_token_of_other_credentials_is_not_used(tmp_path: Path) -> None:
    issuer = Issuer()
    shared(tmp_path, issuer).current()
    shared(tmp_path, issuer, credentials="new ones").current()
    assert issuer.count == 2


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"credentials": 1}'])
def test_a_file_that_makes_no_sense_is_written_anew(tmp_path: Path, content: str) -> None:
    issuer = Issuer()
    (tmp_path / "crm.json").write_text(content)
    (tmp_path / "crm.json").chmod(0o600)
    shared(tmp_path, issuer).current()
    assert json.loads((tmp_path / "crm.json").read_text())["token"] == f"{CANARY}-1"


def test_a_token_that_others_could_read_is_given_up(tmp_path: Path) -> None:
    issuer = Issuer()
    shared(tmp_path, issuer).current()
    (tmp_path / "crm.json").chmod(0o644)
    assert shown(shared(tmp_path, issuer).current().secret) == f"{CANARY}-2"
    assert (tmp_path / "crm.json").stat().st_mode & 0o777 == 0o600


def test_a_link_in_the_place_of_the_file_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    shared(tmp_path, Issuer()).current()
    (tmp_path / "crm.json").rename(elsewhere)
    (tmp_path / "crm.json").symlink_to(elsewhere)
    issuer = Issuer()
    shared(tmp_path, issuer).current()
    assert issuer.count == 1
    assert not (tmp_path / "crm.json").is_symlink()


def test_a_failed_request_for_a_token_leaves_no_lock_behind(tmp_path: Path) -> None:
    def ask() -> Token:
        raise OSError("no network")

    with pytest.raises(OSError, match="no network"):
        SharedToken(tmp_path, "crm", fingerprint("ours"), ask).current()
    assert shared(tmp_path, Issuer()).current()


def test_ten_threads_ask_once(tmp_path: Path) -> None:
    issuer = Issuer(delay=0.02)
    token = shared(tmp_path, issuer)
    start = threading.Barrier(10)

    def use(_: int) -> str:
        start.wait()
        return shown(token.current().secret)

    with ThreadPoolExecutor(10) as pool:
        assert set(pool.map(use, range(10))) == {f"{CANARY}-1"}
    assert issuer.count == 1


def _in_a_process(folder: str) -> tuple[str, int]:
    """Refuse the first token, as all do, and return the one that came instead."""
    issuer = Issuer(delay=0.02)
    issuer.count = 100
    token = SharedToken(Path(folder), "crm", fingerprint("ours"), issuer)
    return shown(token.renew(Token(SecretStr(f"{CANARY}-1"))).secret), issuer.count - 100


@pytest.mark.slow
def test_four_processes_whose_token_is_refused_ask_once(tmp_path: Path) -> None:
    shared(tmp_path, Issuer()).current()
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("spawn")) as pool:
        got = list(pool.map(_in_a_process, [str(tmp_path)] * 4))
    assert {value for value, _ in got} == {f"{CANARY}-101"}
    assert sum(asked for _, asked in got) == 1


def test_no_text_shows_the_token(tmp_path: Path) -> None:
    token = shared(tmp_path, Issuer())
    use = TokenUse(token)
    texts = [repr(use.take()), str(use), repr(token), f"{token.current()}"]
    assert [text for text in texts if CANARY in text] == []
