"""Requests over real HTTP to a deployed API."""

from http.client import HTTPConnection
from typing import Any, Final

from app import app
from tests import privacy
from tests.client import Api
from tests.rehearsal.stacks import Stack

_PATIENCE: Final = 35
"""Seconds; API Gateway itself gives up after 29."""


class Wire:
    """Carries requests to a stack's API; from any thread."""

    def __init__(self, stack: Stack) -> None:
        self._port = stack.emulator.port
        self._prefix = stack.path

    def handle_request(self, method: str, path: str, headers: Any, body: bytes | None) -> Any:
        """Send one request on a connection of its own."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE)
        try:
            # Where the request comes from, for ministack: nobody may find it in a log.
            sent = {**headers, "X-Forwarded-For": privacy.SOURCE_IP}
            connection.request(method, self._prefix + path, body, sent)
            response = connection.getresponse()
            return {
                "statusCode": response.status,
                "headers": dict(response.getheaders()),
                "body": response.read().decode(),
            }
        finally:
            connection.close()


def api_of(stack: Stack) -> Api:
    """Give a client of a stack's API that checks every answer as the suite's does."""
    return Api(app, Wire(stack))
