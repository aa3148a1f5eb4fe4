"""
A captcha provider on 127.0.0.1 that answers as it is told.

    with running(Reply(b'{"success": true}')) as provider:
        ...
    assert provider.forms == [{"secret": ["…"], "response": ["…"]}]
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest

from chalicelib.guard import captcha

HOST = "articles.example"
"""Where the reader's page is."""


@dataclass(frozen=True)
class Reply:
    """
    What the provider answers.

    Attributes:
        raw: Sent instead of everything else, as it is.
        is_held_back: Whether the answer waits until the provider is closed.
        said: Sent as JSON instead of the body; about a token that was solved just now.
        drip: Sent first, then a byte of nothing every now and then until it is closed.
    """

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    location: str | None = None
    raw: bytes | None = None
    is_held_back: bool = False
    drip: bytes | None = None
    said: dict[str, Any] | None = None

    @property
    def content(self) -> bytes:
        """What is sent, if it is sent at once."""
        if self.said is None:
            return self.body
        return json.dumps({"challenge_ts": datetime.now(UTC).isoformat(), **self.said}).encode()


@dataclass
class Provider:
    """
    Where a provider is, and the forms that it was sent.

    Attributes:
        url: `http://127.0.0.1:<port>/siteverify`.
    """

    url: str
    forms: list[dict[str, list[str]]] = field(default_factory=list)


def good(**changes: Any) -> Reply:
    """Give the answer about a token that was solved just now, on a page of ours."""
    answer = {
        "success": True,
        "hostname": HOST,
        "action": "review",
        "score": 0.9,
        "error-codes": [],
    }
    return Reply(said=answer | changes)


@contextmanager
def stands_for(name: str, reply: Reply, monkeypatch: pytest.MonkeyPatch) -> Iterator["Provider"]:
    """Answer in the place of a provider."""
    with running(reply) as provider:
        there = replace(captcha.PROVIDERS[name], endpoint=provider.url)
        monkeypatch.setitem(captcha.PROVIDERS, name, there)
        yield provider


class _Handler(BaseHTTPRequestHandler):
    reply: Reply
    closing: threading.Event
    forms: list[dict[str, list[str]]]

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        self.forms.append(parse_qs(self.rfile.read(length).decode()))
        # The other side may have seen enough.
        with suppress(ConnectionError):
            self._answer()

    def do_GET(self) -> None:
        self.do_POST()

    def _answer(self) -> None:
        if self.reply.is_held_back:
            self.closing.wait()
        elif self.reply.drip is not None:
            self.wfile.write(self.reply.drip)
            while not self.closing.wait(0.02):
                self.wfile.write(b"x")
        elif self.reply.raw is not None:
            self.wfile.write(self.reply.raw)
        else:
            self._answer_in_full()

    def _answer_in_full(self) -> None:
        self.send_response(self.reply.status)
        self.send_header("Content-Type", self.reply.content_type)
        content = self.reply.content
        self.send_header("Content-Length", str(len(content)))
        if self.reply.location is not None:
            self.send_header("Location", self.reply.location)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def running(reply: Reply) -> Iterator[Provider]:
    """Answer every request with one reply."""
    closing = threading.Event()
    forms: list[dict[str, list[str]]] = []
    handler = type("Handler", (_Handler,), {"reply": reply, "closing": closing, "forms": forms})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Provider(f"http://127.0.0.1:{server.server_port}/siteverify", forms)
        finally:
            closing.set()
            server.shutdown()
            thread.join()
