"""
SES and a receiver of webhooks that do as they are told.

    with Post() as post, receiving() as receiver:
        post.fail(2, "throttle")     # the second letter from now
        receiver.answers = [503, "lost", 200]

A letter or message that is `lost` was taken; only the answer never arrives.
"""

import email
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self, TypeAlias

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ReadTimeoutError

from chalicelib.notices import mail

Kind: TypeAlias = Literal["throttle", "paused", "address", "timeout", "lost"]

_CODES = {
    "throttle": "TooManyRequestsException",
    "paused": "SendingPausedException",
    "address": "BadRequestException",
}


class Post:
    """
    SES in the place of the app's client, until it is closed.

    Attributes:
        letters: That were taken, by the address that they were sent to.
    """

    def __init__(self) -> None:
        self.letters: list[tuple[str, EmailMessage]] = []
        self.calls = 0
        self._planned: dict[int, Kind] = {}

    def fail(self, k: int, kind: Kind, times: int = 1) -> None:
        """Plan a fault for the k-th letter from now, and for those that follow it."""
        for number in range(k, k + times):
            self._planned[self.calls + number] = kind

    def to(self, address: str) -> list[EmailMessage]:
        """Give what was sent to an address."""
        return [letter for to, letter in self.letters if to == address]

    def __enter__(self) -> Self:
        self._events = mail._ses().meta.events
        self._events.register("before-call.sesv2.SendEmail", self._send)
        self._events.register("provide-client-params.sesv2.SendEmail", self._look)
        return self

    def __exit__(self, *_: object) -> None:
        self._events.unregister("before-call.sesv2.SendEmail", self._send)
        self._events.unregister("provide-client-params.sesv2.SendEmail", self._look)

    def _look(self, params: dict[str, Any], **_: object) -> None:
        self._asked = params

    def _send(self, **_: object) -> tuple[AWSResponse, dict[str, Any]]:
        self.calls += 1
        planned = self._planned.get(self.calls)
        if planned == "timeout":
            raise ReadTimeoutError(endpoint_url="before")
        if planned in _CODES:
            parsed = {"Error": {"Code": _CODES[planned], "Message": "canary"}}
            return AWSResponse("injected", 400, HTTPHeaders(), None), parsed
        (to,) = self._asked["Destination"]["ToAddresses"]
        raw = self._asked["Content"]["Raw"]["Data"]
        parsed_letter = email.message_from_bytes(raw, policy=default)
        assert isinstance(parsed_letter, EmailMessage)
        self.letters.append((to, parsed_letter))
        if planned == "lost":
            raise ReadTimeoutError(endpoint_url="after")
        return AWSResponse("injected", 200, HTTPHeaders(), None), {"MessageId": "made by SES"}


class Receiver:
    """
    Where a receiver of webhooks is, and what it was sent.

    Attributes:
        url: `http://127.0.0.1:<port>/hook`.
        answers: Statuses, one for each request, or `lost`; 204 when there are no more.
        taken: Headers in lower case, and body, of what was sent.
    """

    def __init__(self) -> None:
        self.url = ""
        self.answers: list[int | Literal["lost"]] = []
        self.taken: list[tuple[dict[str, str], bytes]] = []


class _Handler(BaseHTTPRequestHandler):
    receiver: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answers = self.receiver.answers
        answer = answers.pop(0) if answers else 204
        if answer == "lost" or answer < 300:
            self.receiver.taken.append((headers, body))
        if answer == "lost":
            self.close_connection = True
            return
        with suppress(ConnectionError):
            self.send_response(answer)
            if 300 <= answer < 400:
                self.send_header("Location", self.receiver.url)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Take what is sent to a port of this machine."""
    receiver = Receiver()
    handler = type("Handler", (_Handler,), {"receiver": receiver})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
