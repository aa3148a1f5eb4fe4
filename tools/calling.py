"""Calls of a Plaudit's API with an editor's key, for commands that work on any stage."""

import argparse
import http.client
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from tools.addresses import web_address

MOST_RETRIES: Final = 3
LONGEST_PAUSE: Final = 60
"""Seconds; a server that asks for more is not worth waiting for."""
_TIMEOUT: Final = 30


class UnreachableError(Exception):
    """Nobody answers, so that nothing else need be tried. The message is one line."""


class RefusedError(Exception):
    """The API does not take a request. The message says why."""


@dataclass(frozen=True)
class Answer:
    """
    What the API said.

    Attributes:
        body: Its JSON object; empty when it sent something else.
    """

    status: int
    headers: Message
    body: dict[str, Any]

    @property
    def problem(self) -> str:
        """What is wrong, in a line; empty for a success."""
        if self.status < http.client.BAD_REQUEST:
            return ""
        if "code" not in self.body:
            return f"HTTP {self.status}"
        fields = self.body.get("errors") or []
        said = [f"{one.get('pointer') or '/'}: {one.get('message')}" for one in fields]
        return "  ".join(said) or f"{self.status} {self.body['code']}: {self.body.get('detail')}"


class Caller:
    """
    Sends requests to one Plaudit.

    Args:
        url: Where its routes start, `https://…/v1`.
        key: An editor's key.
        pause: Waits for some seconds.
    """

    def __init__(self, url: str, key: str, pause: Callable[[float], None] = time.sleep) -> None:
        self._url = url.rstrip("/")
        self._key = key
        self._pause = pause

    def send(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """
        Send a request, again while the API asks for it; all that it takes takes effect once.

        Args:
            path: Quoted, from `/` on.
            body: Sent as JSON.
            headers: With underscores for hyphens.

        Raises:
            UnreachableError: Nobody answers.
        """
        for _ in range(MOST_RETRIES):
            answer = self._send(method, path, body, headers)
            if answer.status != http.client.SERVICE_UNAVAILABLE:
                return answer
            self._pause(_seconds(answer.headers.get("Retry-After")))
        return self._send(method, path, body, headers)

    def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """
        Send a request that is to be taken; gives what the API says.

        Raises:
            RefusedError: It was not taken.
            UnreachableError: Nobody answers.
        """
        answer = self.send(method, path, body)
        if answer.problem:
            raise RefusedError(answer.problem)
        return answer.body

    def _send(self, method: str, path: str, body: object, headers: dict[str, str]) -> Answer:
        content = None if body is None else json.dumps(body).encode()
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent |= {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        request = Request(f"{self._url}{path}", content, sent, method=method)  # noqa: S310 - see web_address
        try:
            with urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
                return Answer(answer.status, answer.headers, _object(answer.read()))
        except HTTPError as error:
            with error:
                return Answer(error.code, error.headers, _object(error.read()))
        except (OSError, http.client.HTTPException) as error:
            cause = error.reason if isinstance(error, URLError) else error
            reason = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
            msg = f"Cannot reach {self._url}: {one_line(reason)}"
            raise UnreachableError(msg) from error


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Let a command line say where the API is and with which key."""
    parser.add_argument(
        "--url",
        type=web_address,
        default="http://127.0.0.1:8000",
        help="where the API is (%(default)s)",
    )
    parser.add_argument("--key", help="an editor's key, unless EDITOR_KEY is set")


def editor_key(parser: argparse.ArgumentParser, given: argparse.Namespace) -> str:
    """
    Choose the editor's key: what was given, else the environment's.

    Raises:
        SystemExit: There is none, or it cannot be one; the parser said so.
    """
    key: str = given.key or os.environ.get("EDITOR_KEY", "")
    if not key:
        parser.error("an editor's key is needed: set EDITOR_KEY or give --key")
    if not key.isascii() or not key.isprintable() or " " in key:
        parser.error("the editor's key must be of visible ASCII characters")
    return key


def one_line(text: str) -> str:
    """Leave out what could steer a terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _seconds(retry_after: str | None) -> int:
    is_number = retry_after is not None and retry_after.isascii() and retry_after.isdigit()
    return min(int(retry_after), LONGEST_PAUSE) if retry_after and is_number else 2


def _object(text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
