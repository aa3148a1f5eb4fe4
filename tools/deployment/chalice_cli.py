"""Chalice's command, in this Python and on a staged project."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_MAIN: Final = "import sys; from chalice.cli import main; sys.exit(main())"
_NOT_INSTALLED: Final = "Could not install dependencies"
_ANY_REGION: Final = "us-east-1"


class ChaliceError(Exception):
    """Chalice failed, or left something out of the zip; with what it printed."""


def run(project: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> str:
    """
    Run a command of Chalice.

    Args:
        project: A staged project.
        arguments: The command and its options.
        environ: Added to this process's environment.

    Returns:
        What it printed.

    Raises:
        ChaliceError: It failed, or it went on without a dependency.
    """
    done = subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-c", _MAIN, "--project-dir", str(project), *arguments],
        env={
            # Chalice asks for a region even where it chooses nothing.
            "AWS_DEFAULT_REGION": _ANY_REGION,
            **os.environ,
            **(environ or {}),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode or _NOT_INSTALLED in done.stdout:
        raise ChaliceError(done.stdout)
    return done.stdout
