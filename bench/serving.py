"""A small HTTP server for a stub: its own thread, a port of the kernel's choice, no log."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Final

_POLL_SECONDS: Final = 0.01
"""Between looks whether to stop: a server is stopped after every cold start."""


class Stub(BaseHTTPRequestHandler):
    """Sends a whole answer in one packet, or the client waits for the second one."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def received(self) -> bytes:
        """Read the request's body."""
        return self.rfile.read(int(self.headers["Content-Length"]))

    def send(self, status: int, body: bytes, **headers: str) -> None:
        """
        Answer.

        Args:
            headers: With underscores for hyphens.
        """
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing: the terminal shows the table."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that is ended in the middle of a connection is what we do."""


@contextmanager
def served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve on the loopback; gives host and port, `127.0.0.1:49152`."""
    server = _Server(("127.0.0.1", 0), handler)
    Thread(
        target=server.serve_forever, kwargs={"poll_interval": _POLL_SECONDS}, daemon=True
    ).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
