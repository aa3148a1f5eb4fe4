"""Plaudit on a laptop, as a process of its own."""

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PATIENCE = 20
"""Seconds after which a condition counts as never met."""


def free_port() -> int:
    """Give a port that the kernel has just had free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_until(condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Ask until the answer is true; gives the answer."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, "the condition was never met"
        time.sleep(0.02)
    return answer


def copy_project(folder: Path) -> Path:
    """Copy what a server needs, so that nobody's edits reload it; gives the new root."""
    root = folder / "project"
    root.mkdir()
    for name in ("app.py", ".chalice", "chalicelib", "infra", "localdev", "tools"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, root / name)
    return root


class LocalServer:
    """
    A running server and what it wrote.

    Args:
        root: The project's root.
        log: File for its output.
        command: What Python runs, `-m localdev PORT` unless told; `{port}` is filled in.
        environment: Names and values, besides PATH.
    """

    def __init__(
        self, root: Path, log: Path, command: tuple[str, ...] = (), **environment: str
    ) -> None:
        self.port = free_port()
        self._log = log
        words = command or ("-m", "localdev", "{port}")
        self._started = time.monotonic()
        with log.open("wb") as output:
            self.process = subprocess.Popen(  # noqa: S603
                [sys.executable, *(word.format(port=self.port) for word in words)],
                cwd=root,
                # Not the suite's environment, which is that of a deployment.
                env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"} | environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_for_an_answer(self) -> float:
        """Ask until it answers; gives the seconds since its start."""
        wait_until(lambda: self.request("GET", "/health") is not None)
        return time.monotonic() - self._started

    def request(
        self, method: str, path: str, body: str | None = None, **headers: str
    ) -> tuple[int, str] | None:
        """Send a request; gives status and text, None where nobody listens."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"} | sent)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (ConnectionError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def exchange(self, *requests: str) -> str:
        """Send requests as they stand here over one connection; gives all that comes back."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as connection:
            connection.sendall("".join(requests).replace("\n", "\r\n").encode())
            with connection.makefile("r", newline="") as answers:
                return str(answers.read())

    @property
    def output(self) -> str:
        """What it has written so far."""
        return self._log.read_text(encoding="utf-8")

    @property
    def editor_key(self) -> str:
        """The editor's key that it printed last."""
        return str(re.findall(r"Editor's key +(\S+)", self.output)[-1])

    @property
    def is_gone(self) -> bool:
        """Whether no process of it is left."""
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return True
        return False

    def interrupt(self) -> int:
        """Press Ctrl-C; gives the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(PATIENCE)

    def stop(self) -> None:
        """Leave nothing behind, whatever has happened."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)
