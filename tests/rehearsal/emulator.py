"""
ministack: an AWS that is nobody's but this test run's, on this machine alone.

It runs functions in its own Python, each from its unpacked zip, with the zip
first on the path and boto3 from its own environment, as Lambda does.
"""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Final

from boto3.session import Session

from tests.packaging.local_server import ROOT, free_port, wait_until

PYTHON: Final = ROOT / ".venv-rehearsal" / "bin" / "python"
REGION: Final = "us-east-1"

_ADMINISTRATOR: Final = {"AccessKeyId": "test", "SecretAccessKey": "test"}
"""The account's root, as ministack knows it."""
_TAIL: Final = 60
"""Lines of its log that a failed test shows."""


class Emulator:
    """
    A running ministack.

    Attributes:
        url: Where everything of it is.
    """

    def __init__(self, port: int, log: Path) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._log = log
        # Any: there are types for a few services only.
        self._session: Any = Session(region_name=REGION)
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, service: str, credentials: Mapping[str, str] = _ADMINISTRATOR) -> Any:
        """
        Give a client of a service.

        Args:
            credentials: As STS gives them; the administrator's unless told.
        """
        key = credentials["AccessKeyId"]
        if (service, key) not in self._clients:
            self._clients[service, key] = self._session.client(
                service,
                endpoint_url=self.url,
                aws_access_key_id=key,
                aws_secret_access_key=credentials["SecretAccessKey"],
                aws_session_token=credentials.get("SessionToken"),
            )
        return self._clients[service, key]

    def log_tail(self) -> str:
        """Give the last lines of its log."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-_TAIL:])


@contextmanager
def started(directory: Path) -> Iterator[Emulator]:
    """
    Run ministack until the end of the block.

    Args:
        directory: Takes its log, and the code of the functions, unpacked.
    """
    port = free_port()
    emulator = Emulator(port, directory / "ministack.log")
    with (directory / "ministack.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [str(PYTHON), "-m", "ministack"],
            cwd=directory,
            env=_environment(port, directory),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: process.poll() is not None or _answers(port))
        assert process.poll() is None, emulator.log_tail()
        yield emulator
    finally:
        process.terminate()
        process.wait(timeout=20)


def _environment(port: int, directory: Path) -> dict[str, str]:
    """Give all that it and the functions inherit: nothing of the one who runs the tests."""
    return {
        "PATH": os.defpath,
        "HOME": str(directory),
        "TMPDIR": str(directory),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        # Without it IAM is there and forbids nothing.
        "AUTH": "true",
        # A second port, open to all, for devices that we have none of.
        "IOT_MTLS_ENABLED": "0",
    }


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/_ministack/health")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
