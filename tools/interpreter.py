"""
The Python that the Lambdas run on: `python3 tools/interpreter.py [--fallback]`.

Prints the path of one that works. A package carries bytecode and native wheels
of one minor version, and Chalice writes the version that runs it into the
template, so packaging needs that very version. Runs on any Python 3.11 with
nothing installed.

    0  found
    1  none works here
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

VERSION: Final = (3, 13)
NAME: Final = f"python{VERSION[0]}.{VERSION[1]}"

_OLDEST: Final = (3, 11)
_SECONDS: Final = 20
_ASK: Final = "import sys, venv; print(*sys.version_info[:2], sys.executable)"


class InterpreterError(Exception):
    """There is no Python of the version that is needed."""


def find() -> str:
    """
    Find the Lambdas' Python.

    Returns:
        Path of an executable that was run and said its version.

    Raises:
        InterpreterError: None works.
    """
    for candidate in _candidates():
        found = _tried(candidate)
        if found is not None:
            return found
    msg = (
        f"{NAME}, the Lambdas' Python, is needed: none on PATH, with pyenv or with uv.\n"
        f"Install one (`pyenv install {VERSION[0]}.{VERSION[1]}`, `uv python install "
        f"{VERSION[0]}.{VERSION[1]}`) or name it: LAMBDA_PYTHON=/path/to/{NAME}"
    )
    raise InterpreterError(msg)


def require() -> None:
    """
    Refuse to go on in another Python than the Lambdas'.

    Raises:
        InterpreterError: This is another.
    """
    if sys.version_info[:2] != VERSION:
        here = f"{sys.version_info[0]}.{sys.version_info[1]}"
        msg = (
            f"This is Python {here}, and the Lambdas run on {VERSION[0]}.{VERSION[1]}.\n"
            f"Run `make clean`, then again with {NAME} installed or LAMBDA_PYTHON=/path/to/{NAME}"
        )
        raise InterpreterError(msg)


def main(arguments: Sequence[str]) -> int:
    """
    Print the path of the Lambdas' Python.

    Returns:
        The exit status, as above.

    Raises:
        SystemExit: The command line cannot be read, or asks for help.
    """
    parser = argparse.ArgumentParser(description=f"Find a working {NAME}.")
    parser.add_argument(
        "--fallback",
        action="store_true",
        help="where there is none, give the Python that runs this",
    )
    fallback = parser.parse_args(arguments).fallback
    try:
        found = find()
    except InterpreterError as error:
        if not fallback or sys.version_info < _OLDEST:
            sys.stderr.write(f"{error}\n")
            return 1
        found = sys.executable
        sys.stderr.write(
            f"No {NAME} here: {found} ({sys.version.split()[0]}) stands in for it. "
            "What is packaged with it is for tests alone.\n"
        )
    sys.stdout.write(f"{found}\n")
    return 0


def _candidates() -> Iterator[str]:
    if sys.version_info[:2] == VERSION:
        yield sys.executable
    on_path = shutil.which(NAME)
    if on_path:
        yield on_path
    root = os.environ.get("PYENV_ROOT") or _said(["pyenv", "root"])
    if root:
        version = f"{VERSION[0]}.{VERSION[1]}."
        for directory in sorted(Path(root, "versions").glob(f"{version}*"), reverse=True):
            yield str(directory / "bin" / NAME)
    with_uv = _said(["uv", "python", "find", "--offline", f"{VERSION[0]}.{VERSION[1]}"])
    if with_uv:
        yield with_uv


def _tried(candidate: str) -> str | None:
    """Run a candidate: a shim of pyenv is on PATH for versions that are not chosen."""
    said = _said([candidate, "-I", "-c", _ASK])
    major, _, rest = said.partition(" ")
    minor, _, path = rest.partition(" ")
    return path if [major, minor] == [str(part) for part in VERSION] and path else None


def _said(command: list[str]) -> str:
    """Give what a command prints; nothing if it is not there, fails or takes too long."""
    try:
        done = subprocess.run(  # noqa: S603 - our own commands
            command, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return "" if done.returncode else done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
