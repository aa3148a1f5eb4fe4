"""How long a developer waits: `make run` to its first answer, `make test`."""

import http.client
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
_HOST: Final = "127.0.0.1"
_PATIENCE: Final = 60
"""Seconds."""


def first_answer(python: str) -> float:
    """
    Give the seconds from the start of `make run`'s process to its first 200.

    Raises:
        TimeoutError: There was none within a minute.
    """
    port = _free_port()
    started = time.perf_counter()
    server = subprocess.Popen(  # noqa: S603 - our own module
        [python, "-m", "localdev", str(port)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while time.perf_counter() - started < _PATIENCE:
            if _answers(port):
                return time.perf_counter() - started
            time.sleep(0.01)
    finally:
        server.terminate()
        server.wait()
    msg = "make run did not answer"
    raise TimeoutError(msg)


def suite(python: str) -> float:
    """Give the seconds that the fast suite takes, with a process for each core."""
    started = time.perf_counter()
    subprocess.run(  # noqa: S603 - a fixed command
        [
            *(python, "-m", "pytest", "-q", "-n", "auto", "--dist", "worksteal"),
            *("-p", "no:cacheprovider", "-m", "not slow and not rehearsal"),
        ],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - started


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(_HOST, port, timeout=5)
    with suppress(OSError, http.client.HTTPException):
        connection.request("GET", "/articles/first-light")
        return connection.getresponse().status == http.client.OK
    return False
