"""
API Gateway's part of the contract, for `chalice local`.

On AWS the gateway answers for paths that do not exist and for requests that
cannot be read, with the responses that `infra/` gives it; Chalice's local
gateway has its own. Each method here that overrides one says what differs.
"""

import socketserver
import sys
import time
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final

import chalice.local
from chalice.local import (
    ChaliceRequestHandler,
    LocalDevServer,
    LocalGateway,
    LocalGatewayException,
    ThreadedHTTPServer,
)

from chalicelib import logs
from chalicelib.api import cors, http
from chalicelib.errors import (
    InvalidRequestError,
    MethodNotAllowedError,
    PlauditError,
    RouteNotFoundError,
)
from chalicelib.settings import SettingsError
from localdev import aws, terminal

LONGEST_BODY: Final = 10 * 2**20
"""
What API Gateway takes, in bytes.

Source:
    docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
"""

_BODILESS: Final = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
_UNREAD: Final = "local"
"""The request's id in an answer to what no code of ours has seen."""


class Gateway(LocalGateway):
    """Chalice's local gateway with Plaudit's answers."""

    def handle_request(self, method: str, path: str, headers: Any, body: bytes | None) -> Any:
        """Answer one request at a time, unknown paths as AWS will, and say so in the terminal."""
        started = time.perf_counter()
        with aws.LOCK:
            try:
                response = super().handle_request(method, path, headers, body)
            except (LocalGatewayException, ValueError):
                origin = {name.lower(): value for name, value in headers.items()}.get("origin")
                response = _refusal(RouteNotFoundError(), origin)
        milliseconds = (time.perf_counter() - started) * 1000
        terminal.request(method, path.partition("?")[0], response["statusCode"], milliseconds)
        return response


class RequestHandler(ChaliceRequestHandler):
    """Chalice's request handler, quiet and exact about bodies."""

    def log_message(self, *_: object) -> None:
        """Leave the line to the gateway, which writes no address."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is no HTTP, or a method that nobody has, in our shape and hang up."""
        del message, explain
        is_method = code == HTTPStatus.NOT_IMPLEMENTED
        allow = {"Allow": ", ".join([*http.METHODS, "OPTIONS"])}
        refused = MethodNotAllowedError(headers=allow) if is_method else InvalidRequestError()
        response = _refusal(refused, None)
        self.close_connection = True
        # A request line that says no version would get no status line (http.server).
        self.request_version = self.protocol_version
        self._send_http_response(response["statusCode"], response["headers"], response["body"])
        method, path = (self.command, self.path) if is_method else ("?", "is no HTTP request")
        terminal.request(method, path.partition("?")[0], refused.status, 0)

    def _parse_payload(self) -> tuple[dict[str, str], bytes | None]:
        """
        Read the body by its length or, as clients that stream send it, in chunks.

        Where its end is not known, nothing behind it can be told from a new
        request; so the connection ends with the answer.
        """
        try:
            if "chunked" in self.headers.get("transfer-encoding", "").lower():
                body = self._read_chunks()
            else:
                body = self._read_up_to(_number(self.headers.get("content-length", "0"), base=10))
        except ValueError:
            self.close_connection = True
            body = b""
        return dict(self.headers), body or None

    def _read_up_to(self, length: int) -> bytes:
        """Read so much, but keep no more than shows that it is too long."""
        kept: bytes = self.rfile.read(min(length, LONGEST_BODY + 1))
        left = length - len(kept)
        while left > 0 and (dropped := len(self.rfile.read(min(left, 2**16)))):
            left -= dropped
        return kept

    def _read_chunks(self) -> bytes:
        """Read as RFC 9112, 7.1 says."""
        body = b""
        while size := _number(self.rfile.readline(1024).partition(b";")[0].decode("latin-1"), 16):
            body = (body + self._read_up_to(size))[: LONGEST_BODY + 1]
            self.rfile.readline(2)
        while self.rfile.readline(2**16).strip():
            pass
        return body

    def _send_http_response(self, code: int, headers: Any, body: Any) -> None:
        """Give no length to an answer that has no body (RFC 9110, 8.6); say when it is the last."""
        if self.close_connection:
            headers = {**headers, "Connection": "close"}
        if self.command == "HEAD" or code in _BODILESS:
            self.send_response(code)
            self._send_headers(headers)
        else:
            super()._send_http_response(code, headers, body)


class HttpServer(ThreadedHTTPServer):
    """Chalice's threaded server without its surprises."""

    request_queue_size = 128

    def server_bind(self) -> None:
        """Bind without asking who 127.0.0.1 is, which takes some machines seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over clients that hang up; write no address for anything else."""
        del request, client_address
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, ConnectionError):
            logs.failure("gateway failed", error)


class Server(LocalDevServer):
    """Chalice's server with those."""

    editor_key = ""

    def __init__(self, app: Any, config: Any, host: str, port: int) -> None:
        super().__init__(app, config, host, port, RequestHandler, HttpServer)
        # Where links in letters lead.
        aws.choose(PUBLIC_URL=f"http://{host}:{port}")

    def serve_forever(self) -> None:
        """Say where it is and how to write to it, and serve."""
        terminal.welcome(f"http://{self.host}:{self.port}", self.editor_key)
        self.server.serve_forever()


def install(editor_key: str) -> None:
    """Put the classes where `chalice local` looks for them."""
    Server.editor_key = editor_key
    setattr(chalice.local, "LocalGateway", Gateway)  # noqa: B010 - a class is no variable to mypy
    setattr(chalice.local, "LocalDevServer", Server)  # noqa: B010


def _refusal(error: PlauditError, origin: str | None) -> Any:
    response = http.problem(error, _UNREAD).to_dict()
    grant: dict[str, str] = {}
    with suppress(SettingsError):
        grant = cors.granted(origin, to_editors=False)
    response["headers"] |= cors.of_answer(grant) | http.SECURITY_HEADERS
    return response


def _number(text: str, base: int) -> int:
    """Read a number that has digits alone: Python would take a sign and underscores."""
    if not text.strip().isalnum() or not text.isascii():
        msg = "no number"
        raise ValueError(msg)
    return int(text, base)
