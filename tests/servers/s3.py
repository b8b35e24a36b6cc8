"""An S3-compatible store on a free port: moto's own server, and faults that get in its way."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

Shown = Literal["denied", "skewed", "wrong_key", "gone", "cut", "broken"]
_CODES: dict[Shown, tuple[str, str]] = {
    "denied": ("403 Forbidden", "AccessDenied"),
    "skewed": ("403 Forbidden", "RequestTimeTooSkewed"),
    "wrong_key": ("403 Forbidden", "SignatureDoesNotMatch"),
    "gone": ("404 Not Found", "NoSuchKey"),
    "broken": ("500 Internal Server Error", "InternalError"),
}
ACCESS_KEY, SECRET_KEY = "a-key-of-tests", "s3cret-of-tests"


@dataclass(slots=True)
class Fault:
    """What is shown instead of the answer to each GET whose path and query contain `part`."""

    kind: Shown
    part: str


@dataclass(slots=True)
class S3Server:
    """A running store with one bucket. `asked` has the path and query of every GET."""

    url: str
    bucket: str
    client: Any
    faults: list[Fault] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def put(self, key: str, body: bytes) -> None:
        self.client.put_object(Bucket=self.bucket, Key=key, Body=body)

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=key)

    def reads_of(self, key: str) -> int:
        """Return how often an object was asked for."""
        return sum(each.startswith(f"/{self.bucket}/{key}?") for each in self.asked)


@contextlib.contextmanager
def running_s3(bucket: str = "lake") -> Iterator[S3Server]:
    """Serve a store for as long as the block runs."""
    import boto3  # here: three seconds that only these tests need
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    application = DomainDispatcherApplication(create_backend_app)
    store = S3Server("", bucket, None)

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        place = f"{environ['PATH_INFO']}?{environ['QUERY_STRING']}"
        fault = None
        if environ["REQUEST_METHOD"] == "GET":
            store.asked.append(place)
            fault = next((each for each in store.faults if each.part in place), None)
        if fault is None:
            return application(environ, start)  # type: ignore[no-any-return]
        if fault.kind == "cut":
            return _half(application(environ, start))
        status, code = _CODES[fault.kind]
        start(status, [("Content-Type", "application/xml")])
        return [f"<Error><Code>{code}</Code><Message>{SECRET_KEY}</Message></Error>".encode()]

    class Quiet(MotoRequestHandler):
        def log_request(self, *_: object) -> None:
            pass

    server = make_server("127.0.0.1", 0, answer, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    store.url = f"http://127.0.0.1:{server.server_port}"
    store.client = boto3.client(
        "s3",
        endpoint_url=store.url,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        region_name="us-east-1",
    )
    try:
        yield store
    finally:
        store.client.close()
        server.shutdown()
        server.server_close()
        thread.join()


def _half(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Give the first half of a body; the head has promised the whole of it."""
    body = b"".join(parts)
    yield body[: len(body) // 2]
