"""
`python -m localdev [PORT]`: run Plaudit here, as `make run` does.

Two processes: a worker runs `chalice local --stage local`, and this one starts
it again whenever it ends because a source has changed. The editor's key is
chosen here, so that it survives that.
"""

import os
import signal
import socket
import subprocess
import sys
from typing import Final, NoReturn

from chalicelib import settings
from tools import keys

HOST: Final = "127.0.0.1"
USAGE: Final = 2
_WORKER: Final = "CHALICE_WORKER"
"""Tells `chalice local` that it is the worker; chalice/cli/reloader.py of 1.34.0."""
_CHANGED: Final = 3
"""Exit code of a worker that wants to be started again; chalice/cli/filewatch."""


def main(arguments: list[str]) -> int:
    """
    Serve until Ctrl-C.

    Args:
        arguments: The port, 8000 unless given.

    Returns:
        0 after Ctrl-C; 2 when the port or a setting cannot be used.
    """
    port = " ".join(arguments) or "8000"
    if _WORKER in os.environ:
        work(port)
    complaint = why_not(port) or unreadable()
    if complaint:
        sys.stderr.write(f"{complaint}\n")
        return USAGE
    return supervise(port)


def supervise(port: str) -> int:
    """
    Keep a worker running.

    Returns:
        0 when it was stopped, 1 when it failed.
    """
    command = [sys.executable, "-m", "localdev", port]
    key = os.environ.get("EDITOR_KEY") or keys.new_key()
    environment = {**os.environ, "EDITOR_KEY": key, _WORKER: "true"}
    worker = None
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code = _CHANGED
        while code == _CHANGED:
            # Ctrl-C reaches both processes. The worker is born deaf to it; this one answers.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            worker = subprocess.Popen(command, env=environment)  # noqa: S603 - this very program
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
            code = worker.wait()
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if worker is not None:
            worker.terminate()
            worker.wait()
        return 0
    return 0 if code in {0, -signal.SIGTERM} else 1


def work(port: str) -> NoReturn:
    """Run `chalice local`, until a source changes."""
    from chalice.cli import cli  # noqa: PLC0415 - half a second that the first process need not wait

    from localdev import reload  # noqa: PLC0415 - imports it too

    reload.install()
    code: object = 0
    try:
        cli(["local", "--stage", "local", "--host", HOST, "--port", port], obj={})
    except SystemExit as done:
        code = done.code
    sys.stdout.flush()
    # Python's own end would catch the threads that serve half-way.
    os._exit(code if isinstance(code, int) else 1)


def why_not(port: str) -> str | None:
    """Say in one line why a port cannot be used; None when it can."""
    if not (port.isascii() and port.isdigit() and len(port) < 6 and 1 <= int(port) <= 65535):  # noqa: PLR2004
        return "The port must be a number from 1 to 65535: make run PORT=8123"
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, int(port)))
        except PermissionError:
            return f"Port {port} is for administrators. Choose another one: make run PORT=8123"
        except OSError:
            return f"Port {port} is busy. Choose another one: make run PORT=8123"
    return None


def unreadable() -> str | None:
    """Say in one line which setting of the environment cannot be used; None when all can."""
    # What is not chosen is set by the worker.
    known = {"PUBLIC_URL": f"http://{HOST}", **os.environ, "STAGE": "local"}
    try:
        settings.Settings(known).check()
    except settings.SettingsError as error:
        return str(error)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
