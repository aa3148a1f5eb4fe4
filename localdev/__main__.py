"""
`python -m localdev [PORT]`: run Plaudit here, as `make run` does.

This is `chalice local --stage local` with three things done before it: the
port is looked at, the editor's key is chosen, so that it survives a reload,
and the reloader is told to watch the sources only.
"""

import os
import socket
import sys

from localdev import reload
from localdev.aws import new_editor_key

HOST = "127.0.0.1"


def main(arguments: list[str]) -> int:
    """
    Serve until Ctrl-C.

    Args:
        arguments: The port, 8000 unless given.

    Returns:
        2 when the port cannot be used.
    """
    port = arguments[0] if arguments else "8000"
    # The reloader runs this again for every restart, in a worker process.
    if "CHALICE_WORKER" not in os.environ:
        complaint = why_not(port)
        if complaint:
            sys.stderr.write(f"{complaint}\n")
            return 2
        os.environ.setdefault("EDITOR_KEY", new_editor_key())
    sys.argv = [sys.executable, "-m", "localdev", port]
    reload.install()
    from chalice.cli import cli  # noqa: PLC0415 - half a second that a busy port need not wait

    cli(["local", "--stage", "local", "--host", HOST, "--port", port], obj={})
    return 0


def why_not(port: str) -> str | None:
    """Say in one line why a port cannot be used; None when it can."""
    if not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:  # noqa: PLR2004
        return "The port must be a number from 1 to 65535: make run PORT=8123"
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, int(port)))
        except OSError:
            return f"Port {port} is busy. Choose another one: make run PORT=8123"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
