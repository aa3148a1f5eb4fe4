"""
API Gateway's part of the contract, for `chalice local`.

On AWS the gateway answers for paths that do not exist, with the response that
`infra/` gives it; Chalice's local gateway has its own. Each method here that
overrides one says what differs.
"""

import time
from http import HTTPStatus
from typing import Any, Final

import chalice.local
from chalice.local import ChaliceRequestHandler, LocalDevServer, LocalGateway, LocalGatewayException

from chalicelib.api import http
from chalicelib.errors import RouteNotFoundError
from localdev import aws, terminal

_BODILESS: Final = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


class Gateway(LocalGateway):
    """Chalice's local gateway with Plaudit's answers."""

    def handle_request(self, method: str, path: str, headers: Any, body: bytes | None) -> Any:
        """Answer one request at a time, unknown paths as AWS will, and say so in the terminal."""
        started = time.perf_counter()
        with aws.LOCK:
            try:
                response = super().handle_request(method, path, headers, body)
            except (LocalGatewayException, ValueError):
                response = http.problem(RouteNotFoundError(), "local").to_dict()
                response["headers"] |= {
                    "Access-Control-Allow-Origin": "*",
                    **http.SECURITY_HEADERS,
                }
        milliseconds = (time.perf_counter() - started) * 1000
        terminal.request(method, path.partition("?")[0], response["statusCode"], milliseconds)
        return response


class RequestHandler(ChaliceRequestHandler):
    """Chalice's request handler, quiet and exact about bodies."""

    def log_message(self, *_: object) -> None:
        """Leave the line to the gateway, which writes no address."""

    def _parse_payload(self) -> tuple[dict[str, str], bytes | None]:
        """Take a Content-Length that is no number for none."""
        length = self.headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit():
            return dict(self.headers), None
        payload: tuple[dict[str, str], bytes | None] = super()._parse_payload()
        return payload

    def _send_http_response(self, code: int, headers: Any, body: Any) -> None:
        """Give no length to an answer that has no body (RFC 9110, 8.6)."""
        if self.command == "HEAD" or code in _BODILESS:
            self.send_response(code)
            self._send_headers(headers)
        else:
            super()._send_http_response(code, headers, body)


class Server(LocalDevServer):
    """Chalice's server with that handler."""

    editor_key = ""

    def __init__(self, app: Any, config: Any, host: str, port: int) -> None:
        super().__init__(app, config, host, port, handler_cls=RequestHandler)

    def serve_forever(self) -> None:
        """Say where it is and how to write to it, and serve."""
        terminal.welcome(f"http://{self.host}:{self.port}", self.editor_key)
        self.server.serve_forever()


def install(editor_key: str) -> None:
    """Put the classes where `chalice local` looks for them."""
    Server.editor_key = editor_key
    setattr(chalice.local, "LocalGateway", Gateway)  # noqa: B010 - a class is no variable to mypy
    setattr(chalice.local, "LocalDevServer", Server)  # noqa: B010
