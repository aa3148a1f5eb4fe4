"""
Asks another service, within a time that nothing it does can stretch.

A timeout of a socket begins anew with every byte, and looking up a name has none. So the
question is asked in a thread of its own. When the time is over nobody waits for it any more,
and its connection is cut, so that a service that never ends leaves no threads behind.

Nobody is followed elsewhere, and no proxy of the environment is asked: what is sent is for the
service alone.
"""

import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final, NamedTuple, TypeAlias
from urllib.parse import SplitResult, urlencode, urlsplit

from chalicelib.errors import UnavailableError

_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_ALWAYS: Final = {"User-Agent": "Plaudit", "Connection": "close"}


class Reply(NamedTuple):
    """What a service answered. Header names are lower-cased."""

    headers: Mapping[str, str]
    body: bytes
    status: int = 200


_Outcome: TypeAlias = list[Reply | Exception]


def post(url: str, form: Mapping[str, str], seconds: float, most_bytes: int) -> Reply:
    """
    Send a form.

    Args:
        url: A constant of ours.
        seconds: How long everything may take together.
        most_bytes: How long an answer may be.

    Raises:
        UnavailableError: It is slow, broken or unreachable, sends elsewhere, breaks off, or
            says too much.
    """
    # What a client calls itself may be no text at all.
    body = urlencode(form, errors="replace").encode()
    return _good(send(url, body, _FORM, seconds, most_bytes))


def send(
    url: str, body: bytes, headers: Mapping[str, str], seconds: float, most_bytes: int
) -> Reply:
    """
    Send a body.

    Args:
        url: Of an operator's.
        seconds: How long everything may take together.
        most_bytes: How long an answer may be.

    Returns:
        Whatever it answered, also that it was moved.

    Raises:
        UnavailableError: It is slow, broken or unreachable, breaks off, or says too much.
    """
    return _ask("POST", url, body, headers, seconds, most_bytes)


def get(url: str, seconds: float, most_bytes: int) -> bytes:
    """
    Read a document. Takes `url` as `send`, raises as `post`.

    Returns:
        Its bytes.
    """
    reply = _ask("GET", url, None, {}, seconds, most_bytes)
    return _good(reply).body


def _good(reply: Reply) -> Reply:
    if reply.status != HTTPStatus.OK:
        raise UnavailableError from HTTPException("not 200")
    return reply


def _ask(  # noqa: PLR0913, PLR0917 - what `get` and `send` have together
    method: str,
    url: str,
    body: bytes | None,
    headers: Mapping[str, str],
    seconds: float,
    most_bytes: int,
) -> Reply:
    place = urlsplit(url)
    target = f"{place.path or '/'}?{place.query}" if place.query else place.path or "/"
    connection = _connection(place, seconds)
    outcome: _Outcome = []
    sockets: list[socket.socket] = []

    def ask() -> None:
        try:
            connection.connect()
            sockets.append(connection.sock)
            connection.request(method, target, body, {**_ALWAYS, **headers})
            outcome.append(_read(connection, most_bytes))
        except (OSError, HTTPException, ValueError) as error:
            outcome.append(error)
        finally:
            connection.close()

    asking = threading.Thread(target=ask, name="outbound", daemon=True)
    asking.start()
    asking.join(seconds)
    match outcome:
        case [Reply() as reply]:
            return reply
        case [Exception() as error]:
            raise UnavailableError from error
    for each in sockets:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
    raise UnavailableError


def _connection(place: SplitResult, seconds: float) -> HTTPConnection:
    if place.scheme == "https":
        return HTTPSConnection(place.netloc, timeout=seconds, context=_trust())
    return HTTPConnection(place.netloc, timeout=seconds)


@cache
def _trust() -> ssl.SSLContext:
    """Read the authorities once: it takes longer than the rest."""
    return ssl.create_default_context()


def _read(connection: HTTPConnection, most_bytes: int) -> Reply | HTTPException:
    response = connection.getresponse()
    body = response.read(most_bytes + 1)
    # What it promised and did not send, or what is left.
    if response.length or len(body) > most_bytes:
        return HTTPException("broken off or too long")
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Reply(headers, body, response.status)
