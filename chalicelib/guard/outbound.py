"""
Asks another service, within a time that nothing it does can stretch.

A timeout of a socket begins anew with every byte, and looking up a name has none. So the
question is asked in a thread of its own, which is left alone when the time is over.
"""

import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from typing import Final, NamedTuple

from chalicelib.errors import UnavailableError

_CONNECTING: Final = 1.0
"""Seconds for each operation of the socket, at the most."""


class Reply(NamedTuple):
    """What a service answered with 200. Header names are lower-cased."""

    headers: Mapping[str, str]
    body: bytes


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Follow nobody: what is sent is for the service alone."""


def post(url: str, form: Mapping[str, str], seconds: float, most_bytes: int) -> Reply:
    """
    Send a form.

    Args:
        url: A constant of ours.
        seconds: How long everything may take together.
        most_bytes: How much of an answer is read.

    Raises:
        UnavailableError: It is slow, broken or unreachable, sends elsewhere, or says too much.
    """
    request = urllib.request.Request(  # noqa: S310 - the scheme is ours
        url, data=urllib.parse.urlencode(form).encode(), headers={"User-Agent": "Plaudit"}
    )
    outcome: list[Reply | Exception] = []
    asking = threading.Thread(
        target=_ask, args=(request, seconds, most_bytes, outcome), daemon=True
    )
    asking.start()
    asking.join(seconds)
    match outcome:
        case [Reply() as reply] if len(reply.body) <= most_bytes:
            return reply
        case [Exception() as error]:
            raise UnavailableError from error
    raise UnavailableError


def _ask(
    request: urllib.request.Request,
    seconds: float,
    most_bytes: int,
    outcome: list[Reply | Exception],
) -> None:
    opener = urllib.request.build_opener(_NoRedirects)
    try:
        with opener.open(request, timeout=min(seconds, _CONNECTING * 2)) as response:
            headers = {name.lower(): value for name, value in response.headers.items()}
            outcome.append(Reply(headers, response.read(most_bytes + 1)))
    except urllib.error.HTTPError as error:
        error.close()
        outcome.append(error)
    except (OSError, HTTPException, ValueError) as error:
        outcome.append(error)
